/** Stages whose committed offsets are gone: deleted with their group, as a broker does when it lets them expire. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Admin, type Kafka, type KafkaMessage, Partitioners, type Producer } from 'kafkajs';
import { pino } from 'pino';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { encodeMetadata } from '#lib/streams/commit-metadata.ts';
import type { Processor } from '#lib/streams/processor.ts';
import { Task, type TaskContext } from '#lib/streams/task.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { type TopicName, topicInKafka } from '#schemas/topics.ts';
import type { Collected } from '#schemas/types.ts';
import { createMerger } from '../../services/identity-merger/core/processor.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 5;
const NOW = Date.now();
const merger = createMerger({ partitions: PARTITIONS, generation: 1 });
const sessionizer = createSessionizer();

let backend: Backend;
let kafka: Kafka;
let admin: Admin;
let reader: PartitionReader;
let producer: Producer;
/** Called when a task has found no offset and is about to ask again. */
let onAskingAgain: () => void = () => undefined;
const log = pino(
  { level: 'debug' },
  { write: (line: string) => JSON.parse(line).msg.startsWith('no committed offset') && onAskingAgain() },
);

before(async () => {
  backend = await startBackend();
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log: log.child({}, { level: 'error' }) });
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});

after(async () => {
  await producer?.disconnect();
  await reader?.close();
  await admin?.disconnect();
  await backend?.stop();
});

/** A device of a partition. */
function deviceOf(partition: number): number {
  for (let device = 1; ; device += 1)
    if (partitionOf(recordKey(1, device), PARTITIONS) === partition) return device;
}

function record(partition: number, fields: Partial<Collected>) {
  const device = deviceOf(partition);
  const ids = { environment: 1, user_id: device, device_id: device, event_id: 1 };
  const value = collectedCodec.encode({
    ...ids,
    source: 'web',
    type: 'click',
    time: NOW,
    received_at: NOW,
    ...fields,
  });
  return { key: recordKey(1, device), value, timestamp: String(NOW) };
}

const groupOf = ({ stage }: { stage: string }) => `${stage}.g1`;

/** Opens a stage's task of a partition and gives it records as if it had read them there. */
async function work<State>(
  processor: Processor<State>,
  partition: number,
  records: readonly ReturnType<typeof record>[],
): Promise<{ position: bigint }> {
  const topic = topicInKafka(processor.input, 1, 1);
  const context: TaskContext<State> = {
    processor,
    kafka,
    reader,
    groupId: groupOf(processor),
    generation: 1,
    topic,
    log,
  };
  const task = await Task.open(context, partition, async () => undefined);
  try {
    const { position } = task;
    const messages = records.map(
      (one, index): KafkaMessage => ({
        ...one,
        offset: String(position + BigInt(index)),
        attributes: 0,
        headers: {},
      }),
    );
    if (messages.length > 0) await task.process(messages, position + BigInt(messages.length));
    return { position };
  } finally {
    await task.close();
  }
}

/** Puts records into a topic, so that offsets beyond them can be committed. */
async function fill(name: TopicName, partition: number, records: readonly ReturnType<typeof record>[]) {
  await producer.send({
    topic: topicInKafka(name, 1, 1),
    messages: records.map((one) => ({ ...one, partition })),
  });
}

const KINDS: readonly (readonly [what: string, records: readonly Partial<Collected>[]])[] = [
  ['events alone', [{ kind: 'event' }]],
  ['an identify alone', [{ kind: 'identify', identity: 'ada' }]],
  ['properties alone', [{ kind: 'user_properties', properties: '{"a":1}' }]],
];

test('a stage whose offsets are gone refuses to start from the beginning', async () => {
  for (const [partition, [, fields]] of KINDS.entries()) {
    const records = fields.map((one) => record(partition, one));
    await fill('events.collected', partition, records);
    // A broker that has just started may not coordinate its groups yet.
    await until('the task to open', () => work(merger, partition, records));
  }
  await admin.deleteGroups([groupOf(merger)]);
  await Promise.all(
    KINDS.map(([what], partition) => {
      const refusal = { code: 'config', message: /offsets\.retention\.minutes/ };
      return assert.rejects(work(merger, partition, []), refusal, what);
    }),
  );
  const empty = KINDS.length;
  assert.deepEqual(await work(merger, empty, []), { position: 0n }, 'nothing was done in this partition');

  const child = fork(fileURLToPath(new URL('../../services/identity-merger/main.ts', import.meta.url)), {
    env: {
      ...process.env,
      CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
      CAIRN_PARTITIONS: String(PARTITIONS),
      CAIRN_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const [output, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  assert.equal(code, 78);
  assert.match(output, /group identity-merger\.g1 has no committed offset/);
});

test('the sessionizer refuses too, by its outputs or by what is gone of its input', async () => {
  const events = [record(0, { kind: 'event' })];
  await fill('events.identified', 0, events);
  await work(sessionizer, 0, events);
  await admin.deleteGroups([groupOf(sessionizer)]);
  await assert.rejects(work(sessionizer, 0, []), /events\.sessionized\.g1-0 holds records/);

  await fill('events.identified', 3, [record(3, { kind: 'event' })]);
  assert.deepEqual(await work(sessionizer, 3, []), { position: 0n });
  const topic = topicInKafka('events.identified', 1, 1);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 3, offset: '1' }] });
  await assert.rejects(work(sessionizer, 3, []), /the topic starts at 1/);
});

test('a first start that died before its first commit is followed by another', async () => {
  const partition = 4;
  const dying = kafka.producer({ transactionalId: 'dying', idempotent: true, maxInFlightRequests: 1 });
  await dying.connect();
  const transaction = await dying.transaction();
  for (const name of merger.outputs) {
    const messages = [{ ...record(partition, { kind: 'event' }), partition }];
    await transaction.send({ topic: topicInKafka(name, 1, 1), messages });
  }
  await transaction.abort();
  await dying.disconnect();
  // Readers may pass over the records of a transaction a moment after it has ended.
  for (const name of merger.outputs)
    await until(name, async () => (await reader.bounds(topicInKafka(name, 1, 1), partition)).end > 0n);
  assert.deepEqual(await work(merger, partition, []), { position: 0n });
});

test('a first commit that the former owner made just now is found', async () => {
  const partition = 0;
  const topic = topicInKafka(merger.input, 1, 1);
  const former = kafka.producer({ transactionalId: 'former', idempotent: true, maxInFlightRequests: 1 });
  await former.connect();
  let asked = 0;
  onAskingAgain = () => {
    asked += 1;
    if (asked === 1) commit().catch((error: unknown) => assert.fail(error as Error));
  };
  async function commit(): Promise<void> {
    const transaction = await former.transaction();
    const metadata = encodeMetadata({ streamTime: NOW, counts: {} });
    await transaction.sendOffsets({
      consumerGroupId: groupOf(merger),
      topics: [{ topic, partitions: [{ partition, offset: '1', metadata } as never] }],
    });
    await transaction.commit();
  }
  try {
    assert.deepEqual(await work(merger, partition, []), { position: 1n });
    assert.ok(asked > 0);
  } finally {
    onAskingAgain = () => undefined;
    await former.disconnect();
  }
});
