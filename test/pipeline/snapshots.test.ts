import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Admin, KafkaMessage } from 'kafkajs';
import { pino } from 'pino';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { SnapshotDirectory } from '#lib/streams/snapshot-directory.ts';
import { Task, type TaskContext } from '#lib/streams/task.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { idempotencyHash, recordKey } from '#schemas/ids.ts';
import { createMerger, type MergerState } from '../../services/identity-merger/core/processor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const NOW = Date.now();
const DEVICE = 7;

let backend: Backend;
let admin: Admin;
let reader: PartitionReader;
let directory: string;
const said: string[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line).msg) });

before(async () => {
  backend = await startBackend();
  directory = await mkdtemp(join(tmpdir(), 'cairn-snapshots-'));
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: 1, replicationFactor: 1 });
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
  const producer = createKafka({ clientId: 'test', brokers: backend.brokers, log }).producer();
  await producer.connect();
  const filler = Array.from({ length: 20 }, () => ({ value: 'only its offset is used', partition: 0 }));
  await producer.send({ topic: 'events.collected', messages: filler });
  await producer.disconnect();
});

after(async () => {
  await reader?.close();
  await admin?.disconnect();
  await backend?.stop();
  await rm(directory, { recursive: true, force: true });
});

function aMessage(offset: number, idempotencyKey: string): KafkaMessage {
  const value = collectedCodec.encode({
    kind: 'event',
    environment: 1,
    user_id: DEVICE,
    device_id: DEVICE,
    event_id: offset + 1,
    time: NOW,
    received_at: NOW,
    idempotency: idempotencyHash(idempotencyKey),
  });
  const timestamp = String(NOW);
  return { key: recordKey(1, DEVICE), value, timestamp, offset: String(offset), attributes: 0, headers: {} };
}

/** Opens the merger's task. The input's own log is not read: records are given to it. */
async function openTask(): Promise<Task<MergerState>> {
  const { clusterId } = await admin.describeCluster();
  const context: TaskContext<MergerState> = {
    processor: createMerger({ partitions: 1, generation: 1 }),
    kafka: createKafka({ clientId: 'test', brokers: backend.brokers, log }),
    reader,
    groupId: 'identity-merger.g1',
    generation: 1,
    topic: 'events.collected',
    log,
    snapshots: { directory: new SnapshotDirectory(directory), clusterId },
  };
  // A broker that has just started may not coordinate its groups yet; a runner would open the task again too.
  return until('the task to open', () => Task.open(context, 0, async () => undefined));
}

async function withTask<T>(use: (task: Task<MergerState>) => Promise<T>): Promise<T> {
  const task = await openTask();
  try {
    return await use(task);
  } finally {
    await task.close();
  }
}

const duplicatesOf = (task: Task<MergerState>) => task.metadata.counts['event.duplicate'] ?? 0;

test('a task restores from a snapshot and what came after it, and throws a doubtful one away', async () => {
  await withTask(async (task) => {
    await task.process([aMessage(0, 'first')], 1n);
    await task.snapshot();
    await task.process([aMessage(1, 'second')], 2n);
  });
  const [file = ''] = await readdir(directory);
  assert.equal(file, 'identity-merger.g1.events.collected-0.snapshot');

  await withTask(async (task) => {
    await task.process([aMessage(2, 'first'), aMessage(3, 'second'), aMessage(4, 'third')], 5n);
    assert.equal(duplicatesOf(task), 2, 'one key is known from the snapshot, one from what came after it');
  });
  assert.equal(said.includes('threw a snapshot away'), false);

  const bytes = await readFile(join(directory, file));
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  await writeFile(join(directory, file), bytes);
  await withTask(async (task) => {
    await task.process([aMessage(5, 'first'), aMessage(6, 'third')], 7n);
    assert.equal(duplicatesOf(task), 4, 'everything was folded anew');
  });
  assert.equal(said.includes('threw a snapshot away'), true);
  assert.deepEqual(await readdir(directory), []);
});

test('a snapshot by a task that has lost its partition does not hide what its successor wrote', async () => {
  const former = await openTask();
  const first = Number(former.position);
  await former.process([aMessage(first, 'of the former')], BigInt(first + 1));
  await withTask(async (task) => {
    await task.process([aMessage(first + 1, 'of its successor')], BigInt(first + 2));
    await former.snapshot();
  });
  await former.close();
  await withTask(async (task) => {
    const before = duplicatesOf(task);
    const again = [aMessage(first + 2, 'of the former'), aMessage(first + 3, 'of its successor')];
    await task.process(again, BigInt(first + 4));
    assert.equal(duplicatesOf(task) - before, 2);
  });
});
