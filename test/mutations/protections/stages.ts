import type { Protection } from '../protection.ts';

const TASK = 'lib/streams/task.ts';
const SNAPSHOT = 'lib/streams/snapshot.ts';
const MERGER = 'services/identity-merger/core/processor.ts';
const DUPLICATES = 'services/identity-merger/core/duplicates-window.ts';
const TASKS_TEST = 'test/faults/tasks.test.ts';
const MERGER_TEST = 'services/identity-merger/core/processor.test.ts';
const SNAPSHOT_TEST = 'lib/streams/snapshot.test.ts';
const DOUBTS = 'whyUnusable() finds every reason to doubt a snapshot';

/** What makes the transactional stages handle every record once. */
export const STAGES: readonly Protection[] = [
  {
    name: 'duplicates: an idempotency key counts once',
    against: 'an event that a client sent twice counts twice',
    file: DUPLICATES,
    find: 'if ((this.#times[found - 1] as number) >= nowMs - this.#windowMs) return true;',
    replace: '',
    testFile: MERGER_TEST,
    testName: 'step() lets an idempotency key through once per device',
  },
  {
    name: 'duplicates: remembered keys are restored',
    against: 'an event that is sent again after a stage moved counts twice',
    file: MERGER,
    find: 'if (idempotency.length > 0) duplicates.letThrough(key, idempotency, timestampMs);',
    replace: '',
    testFile: MERGER_TEST,
    testName: 'restores bring back what the outputs say: bindings and remembered keys',
  },
  {
    name: 'duplicates: the whole window is restored',
    against: 'keys older than what was published last are forgotten when a stage moves',
    file: 'lib/streams/restore-task.ts',
    find: 'metadata.streamTime - windowMs)',
    replace: 'metadata.streamTime)',
    testFile: TASKS_TEST,
    testName: 'a task that is opened anew knows every key of the last 24 hours of stream time',
  },
  {
    name: 'duplicates: a key is forgotten after the window',
    against: 'memory grows until ten million keys are remembered',
    file: DUPLICATES,
    find: 'this.#forgetBefore(nowMs - this.#windowMs);',
    replace: '',
    testFile: 'services/identity-merger/core/duplicates-window.test.ts',
    testName: 'DuplicatesWindow keeps nothing in memory that is older than the window',
  },
  {
    name: 'duplicates: keys on disk cover the window without a hole',
    against: 'an event whose key lay in a lost file counts twice',
    file: 'services/identity-merger/shell/segment-chain.ts',
    find: 'from <= covered && to > covered',
    replace: 'to > covered',
    testFile: 'services/identity-merger/shell/segment-chain.test.ts',
    testName: 'chainFrom() covers every offset from the start on, up to the first hole',
  },
  {
    name: 'snapshot: it goes no further than what its task wrote',
    against: 'a task that lost its partition hides keys and bindings of its successor',
    file: TASK,
    find: 'const at = { position: this.position, ends: this.#ends, offloaded: this.#offload?.end };',
    replace: `for (const topic of Object.keys(this.#ends))
      this.#ends[topic] = (await this.#context.reader.bounds(topic, this.#partition)).end;
    const at = { position: this.position, ends: this.#ends, offloaded: this.#offload?.end };`,
    testFile: 'test/pipeline/snapshots.test.ts',
    testName: 'a snapshot by a task that has lost its partition does not hide what its successor wrote',
  },
  {
    name: 'duplicates: the window ends by stream time, not by the receive time of the record',
    against: 'what counts depends on the order in which collectors wrote',
    file: MERGER,
    find: 'isDuplicate(record.key, idempotency, record.timestampMs, streamTimeMs)',
    replace: 'isDuplicate(record.key, idempotency, record.timestampMs, record.timestampMs)',
    testFile: MERGER_TEST,
    testName: 'a restored key counts from when it was last let through, whatever the order of receive times',
  },
  {
    name: 'stream time: the largest receive time, not that of the record',
    against: 'a record that was late sets time back, and windows open again',
    file: 'lib/streams/fold-chunk.ts',
    find: 'const advanced = Math.max(streamTime, record.timestampMs);',
    replace: 'const advanced = record.timestampMs;',
    testFile: 'lib/streams/fold-chunk.test.ts',
    testName: 'foldChunk() counts outcomes, advances stream time and flushes once',
  },
  {
    name: 'snapshots: the checksum',
    against: 'a file that was cut off or changed becomes state',
    file: SNAPSHOT,
    find: '!digest.equals(bytes.subarray(0, DIGEST_BYTES))',
    replace: 'digest.length === 0',
    testFile: SNAPSHOT_TEST,
    testName: 'decodeSnapshot() refuses bytes of which one was changed or is missing',
  },
  {
    name: 'snapshots: the cluster id',
    against: 'state of another cluster',
    file: SNAPSHOT,
    find: "['format', 'clusterId', 'groupId', 'topic', 'partition'] as const",
    replace: "['format', 'groupId', 'topic', 'partition'] as const",
    testFile: SNAPSHOT_TEST,
    testName: DOUBTS,
  },
  {
    name: 'snapshots: none from beyond the committed offset',
    against: 'state that holds records which will be processed again',
    file: SNAPSHOT,
    find: 'if (BigInt(position) > situation.position)',
    replace: "if (position === '')",
    testFile: SNAPSHOT_TEST,
    testName: DOUBTS,
  },
  {
    name: 'snapshots: the ends of the restored topics',
    against: 'state of a topic that was made anew, or with a gap to what is left of it',
    file: SNAPSHOT,
    find: 'if (BigInt(known) < start || BigInt(known) > end)',
    replace: "if (known === '')",
    testFile: SNAPSHOT_TEST,
    testName: DOUBTS,
  },
  {
    name: 'snapshots: only of state that is committed',
    against: 'state that holds records which will be processed again',
    file: TASK,
    find: 'if (!this.#isCommitted || this.position',
    replace: 'if (this.position',
    testFile: TASKS_TEST,
    testName: 'a task whose transaction did not commit leaves no snapshot',
  },
  {
    name: 'fencing: opening a task initialises its transactional id',
    against: 'a former owner commits what its successor processes again',
    file: TASK,
    find: '      const fence = await producer.transaction();\n      await fence.abort();\n',
    replace: '',
    testFile: TASKS_TEST,
    testName: 'a task that was opened elsewhere commits nothing any more, not even what it had begun',
  },
  {
    name: 'fencing: the committed offset is read after the fence',
    against: 'a successor processes again what the former owner committed in between',
    file: TASK,
    find: `      const fence = await producer.transaction();
      await fence.abort();
      await heartbeat();
      const { position, metadata } = await committedPosition(context, partition);`,
    replace: `      const { position, metadata } = await committedPosition(context, partition);
      const fence = await producer.transaction();
      await fence.abort();
      await heartbeat();`,
    testFile: TASKS_TEST,
    testName: 'a task knows what its predecessor committed until the moment it was fenced',
  },
  {
    name: 'generation in the transactional id',
    against: 'the stages of two generations fence each other for ever',
    file: TASK,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: 'transactionalProducer(context.kafka, `${context.groupId}.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    replace: 'transactionalProducer(context.kafka, `${context.processor.stage}.',
    testFile: TASKS_TEST,
    testName: 'tasks of two generations do not fence each other',
  },
  {
    name: 'generation in the group id of a stage',
    against: 'the stages of two generations share the partitions, and each sees a part of the log',
    file: 'lib/streams/stage-runner.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    find: 'const groupId = `${processor.stage}.g${generation}`;',
    replace: 'const groupId = processor.stage;',
    testFile: TASKS_TEST,
    testName: 'stages of two generations each process the whole log, and no record of an aborted transaction',
  },
  {
    name: 'abort: the task is thrown away',
    against: 'a stage that stands still after a transaction that did not commit',
    file: 'lib/streams/stage-runner.ts',
    find: '        this.#drop(partition);\n        if (isMembership(error)) throw error;',
    replace: '        if (isMembership(error)) throw error;',
    testFile: TASKS_TEST,
    testName: 'after a transaction that did not commit a stage goes on from what was committed',
  },
  {
    name: 'abort: the state is thrown away and restored',
    against: 'records that were not committed are taken for seen, and lost',
    file: TASK,
    find: 'const restored = await restoreState(context, partition, { position, metadata }, heartbeat);',
    replace: `const kept = ((globalThis as any).kept ??= new Map()) as Map<string, Restored<State>>;
      const name = \`\${context.groupId} \${partition}\`;
      const restored = kept.get(name) ?? (await restoreState(context, partition, { position, metadata }, heartbeat));
      kept.set(name, restored);`,
    testFile: TASKS_TEST,
    testName: 'after a transaction that did not commit a stage goes on from what was committed',
  },
  {
    name: 'isolation: stages read what is committed',
    against: 'records of aborted transactions are processed',
    file: 'lib/streams/stage-runner.ts',
    find: 'readUncommitted: false,',
    replace: 'readUncommitted: true,',
    testFile: TASKS_TEST,
    testName: 'stages of two generations each process the whole log, and no record of an aborted transaction',
  },
  {
    name: 'isolation: the partition reader reads what is committed',
    against: 'state is restored from, and verify counts, records of aborted transactions',
    file: 'lib/kafka/partition-reader.ts',
    find: 'const READ_COMMITTED = 1;',
    replace: 'const READ_COMMITTED = 0;',
    testFile: TASKS_TEST,
    testName: 'a reader sees no record of a transaction that was aborted or is still open',
  },
];
