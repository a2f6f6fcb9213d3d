/** What holds the promises of the transactional stages, piece by piece: faults at the moments that matter to each. */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Admin, type KafkaMessage, Partitioners, type Producer } from 'kafkajs';
import { Registry } from 'prom-client';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { decodeMetadata } from '#lib/streams/commit-metadata.ts';
import { SnapshotDirectory } from '#lib/streams/snapshot-directory.ts';
import { createStageMetrics } from '#lib/streams/stage-metrics.ts';
import { StageRunner } from '#lib/streams/stage-runner.ts';
import { Task, type TaskContext } from '#lib/streams/task.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { idempotencyHash, recordKey } from '#schemas/ids.ts';
import { createMerger, type MergerState } from '../../services/identity-merger/core/processor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';
import { KAFKA_APIS, type KafkaApi } from './campaign/kafka-frames.ts';
import { KafkaProxy } from './campaign/kafka-proxy.ts';

/** Each test of a task has a partition of its own, each test of a runner a generation. */
const PARTITIONS = 8;
const INPUT = 'events.collected';
const NOW = Date.now();
const HOUR_MS = 60 * 60 * 1000;
const log = createLogger('test', 'silent');

let backend: Backend;
let proxy: KafkaProxy;
let admin: Admin;
let reader: PartitionReader;
let producer: Producer;
let directory: string;
let nextEvent = 1;

before(async () => {
  backend = await startBackend();
  proxy = await KafkaProxy.start(backend.brokers[0] ?? '');
  directory = await mkdtemp(join(tmpdir(), 'cairn-tasks-'));
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await makeTopics(1);
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
  producer = kafkaAt().producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});

after(async () => {
  await producer?.disconnect();
  await reader?.close();
  await admin?.disconnect();
  await proxy?.stop();
  await backend?.stop();
  await rm(directory, { recursive: true, force: true });
});

const makeTopics = (generation: number) =>
  ensureTopics(admin, { generation, partitions: PARTITIONS, replicationFactor: 1 });

const kafkaAt = (broker?: string) =>
  createKafka({ clientId: 'test', brokers: broker === undefined ? backend.brokers : [broker], log });

/** An event of its own, with a key that makes it count once. */
function anEvent(partition: number, { key = `${nextEvent}`, receivedAt = NOW } = {}) {
  const device = 1000 + partition;
  const value = collectedCodec.encode({
    kind: 'event',
    environment: 1,
    user_id: device,
    device_id: device,
    event_id: nextEvent++,
    time: receivedAt,
    received_at: receivedAt,
    idempotency: idempotencyHash(key),
  });
  return { partition, key: recordKey(1, device), value, timestamp: String(receivedAt) };
}

async function read(topic: string, partition: number): Promise<KafkaMessage[]> {
  const { start, end } = await reader.bounds(topic, partition);
  const found: KafkaMessage[] = [];
  for await (const { messages } of reader.read({ topic, partition, from: start, to: end }))
    found.push(...messages);
  return found;
}

/** What a partition holds once its transactions have their markers: a commit is answered before those are written. */
async function readSettled(topic: string, partition: number): Promise<KafkaMessage[]> {
  await until(`${topic}-${partition} to have no open transaction`, async () => {
    const { end } = await reader.bounds(topic, partition);
    return end === (await reader.highWatermark(topic, partition));
  });
  return read(topic, partition);
}

/** Writes events to a partition of the log; gives them as they are read there. */
async function collect(...events: ReturnType<typeof anEvent>[]): Promise<KafkaMessage[]> {
  await producer.send({ topic: INPUT, messages: events });
  return readSettled(INPUT, events[0]?.partition ?? 0);
}

const idsOf = (messages: readonly { value: Buffer | null }[]) =>
  messages.map(({ value }) => collectedCodec.decode(value).event_id);

async function published(partition: number, generation = 1): Promise<number[]> {
  return idsOf(await readSettled(`events.identified.g${generation}`, partition));
}

type Place = { broker?: string; generation?: number };

async function contextOf({ broker, generation = 1 }: Place = {}): Promise<TaskContext<MergerState>> {
  await makeTopics(generation);
  const { clusterId } = await admin.describeCluster();
  return {
    processor: createMerger({ partitions: PARTITIONS, generation }),
    kafka: kafkaAt(broker),
    reader,
    groupId: `identity-merger.g${generation}`,
    generation,
    topic: INPUT,
    log,
    snapshots: { directory: new SnapshotDirectory(directory), clusterId },
  };
}

async function openTask(partition: number, place?: Place): Promise<Task<MergerState>> {
  const context = await contextOf(place);
  // A broker that has just started may not coordinate its groups yet; a runner would open the task again too.
  return until('the task to open', () => Task.open(context, partition, async () => undefined));
}

function nextRequest(request: KafkaApi) {
  const signal = AbortSignal.timeout(30_000);
  return proxy.traps.next(({ apiKey, when }) => apiKey === KAFKA_APIS[request] && when === 'before', signal);
}

async function runStage(generation: number, broker?: string): Promise<StageRunner<MergerState>> {
  await makeTopics(generation);
  const runner = new StageRunner({
    processor: createMerger({ partitions: PARTITIONS, generation }),
    kafka: kafkaAt(broker),
    reader,
    generation,
    logRevision: 1,
    log,
    metrics: createStageMetrics(new Registry()),
  });
  await runner.start();
  return runner;
}

async function countsOf(generation: number, partition: number) {
  const [offsets] = await admin.fetchOffsets({ groupId: `identity-merger.g${generation}`, topics: [INPUT] });
  const committed = offsets?.partitions.find((one) => one.partition === partition);
  return decodeMetadata(committed?.metadata).counts;
}

/** Writes events in a transaction that is aborted. */
async function collectInVain(...messages: ReturnType<typeof anEvent>[]): Promise<void> {
  const transactional = kafkaAt().producer({ transactionalId: 'in vain', maxInFlightRequests: 1 });
  await transactional.connect();
  const transaction = await transactional.transaction();
  await transaction.send({ topic: INPUT, messages });
  await transaction.abort();
  await transactional.disconnect();
}

test('a task that was opened elsewhere commits nothing any more, not even what it had begun', async () => {
  const partition = 0;
  const [first, second, third] = (await collect(
    anEvent(partition),
    anEvent(partition),
    anEvent(partition),
  )) as [KafkaMessage, KafkaMessage, KafkaMessage];
  const former = await openTask(partition, { broker: proxy.broker });
  await former.process([first], 1n);
  const ending = nextRequest('EndTxn');
  const stuck = former.process([second], 2n);
  stuck.catch(() => undefined);
  const request = await ending;
  const successor = await openTask(partition);
  request.decide('forward');
  await assert.rejects(stuck);
  assert.equal(successor.position, 1n);
  await successor.process([second, third], 3n);
  assert.deepEqual(await published(partition), idsOf([first, second, third]));
  await former.close();
  await successor.close();
});

test('a task knows what its predecessor committed until the moment it was fenced', async () => {
  const partition = 1;
  const [first, second] = (await collect(anEvent(partition), anEvent(partition))) as [
    KafkaMessage,
    KafkaMessage,
  ];
  const former = await openTask(partition);
  await former.process([first], 1n);
  const connecting = nextRequest('InitProducerId');
  const opening = openTask(partition, { broker: proxy.broker });
  opening.catch(() => undefined);
  // kafkajs asks for a producer id that is not transactional first.
  const firstRequest = await connecting;
  const fencing = nextRequest('InitProducerId');
  firstRequest.decide('forward');
  const request = await fencing;
  await former.process([second], 2n);
  request.decide('forward');
  const successor = await opening;
  assert.equal(successor.position, 2n);
  assert.deepEqual(successor.metadata.counts, { 'event.forwarded': 2 });
  await former.close();
  await successor.close();
});

test('tasks of two generations do not fence each other', async () => {
  const partition = 2;
  const [first, second] = (await collect(anEvent(partition), anEvent(partition))) as [
    KafkaMessage,
    KafkaMessage,
  ];
  const tasks = [await openTask(partition, { generation: 1 }), await openTask(partition, { generation: 2 })];
  for (const [message, next] of [[first, 1n] as const, [second, 2n] as const])
    for (const task of tasks) await task.process([message], next);
  for (const generation of [1, 2])
    assert.deepEqual(await published(partition, generation), idsOf([first, second]));
  for (const task of tasks) await task.close();
});

test('a task whose transaction did not commit leaves no snapshot', async () => {
  const partition = 3;
  const [first, second] = (await collect(anEvent(partition), anEvent(partition))) as [
    KafkaMessage,
    KafkaMessage,
  ];
  const former = await openTask(partition);
  await former.process([first], 1n);
  const successor = await openTask(partition);
  await assert.rejects(former.process([second], 2n));
  await former.snapshot();
  assert.deepEqual(await readdir(directory), []);
  await former.close();
  await successor.close();
});

test('a task that is opened anew knows every key of the last 24 hours of stream time', async () => {
  const partition = 4;
  const old = anEvent(partition, { key: 'old', receivedAt: NOW - 23 * HOUR_MS });
  const messages = await collect(
    old,
    anEvent(partition, { key: 'new' }),
    anEvent(partition, { key: 'old' }),
    anEvent(partition, { key: 'new' }),
  );
  const former = await openTask(partition);
  await former.process(messages.slice(0, 2), 2n);
  await former.close();
  const successor = await openTask(partition);
  await successor.process(messages.slice(2), 4n);
  assert.equal(successor.metadata.streamTime, NOW);
  assert.deepEqual(successor.metadata.counts, { 'event.forwarded': 2, 'event.duplicate': 2 });
  await successor.close();
});

test('a task does not open where the log ends before what was committed: it is another', async () => {
  const generation = 2;
  const partition = 0;
  await collect(anEvent(partition));
  const former = await openTask(partition, { generation });
  await former.close();
  const context = await contextOf({ generation });
  await admin.setOffsets({
    groupId: context.groupId,
    topic: INPUT,
    partitions: [{ partition, offset: '1000' }],
  });
  await assert.rejects(
    Task.open(context, partition, async () => undefined),
    /Cannot go on with events\.collected-0 at offset 1000: the topic ends at \d+, so it was deleted/,
  );
});

test('a task does not open where the log no longer reaches back to what was committed', async () => {
  const generation = 2;
  const partition = 1;
  await collect(anEvent(partition), anEvent(partition));
  const former = await openTask(partition, { generation });
  await former.close();
  const context = await contextOf({ generation });
  const { groupId } = context;
  await admin.setOffsets({ groupId, topic: INPUT, partitions: [{ partition, offset: '0' }] });
  await admin.deleteTopicRecords({ topic: INPUT, partitions: [{ partition, offset: '-1' }] });
  await assert.rejects(
    Task.open(context, partition, async () => undefined),
    /Cannot go on with events\.collected-1 at offset 0: the topic starts at \d+, so records were deleted/,
  );
});

test('a reader sees no record of a transaction that was aborted or is still open', async () => {
  const partition = 5;
  await collectInVain(anEvent(partition));
  const [seen] = idsOf(await collect(anEvent(partition)));
  const transactional = kafkaAt().producer({ transactionalId: 'open', maxInFlightRequests: 1 });
  await transactional.connect();
  const transaction = await transactional.transaction();
  await transaction.send({ topic: INPUT, messages: [anEvent(partition)] });
  try {
    assert.deepEqual(idsOf(await read(INPUT, partition)), [seen]);
    // The record, the marker, the record: what is open begins after them.
    assert.equal((await reader.bounds(INPUT, partition)).end, 3n);
  } finally {
    await transaction.abort();
    await transactional.disconnect();
  }
  assert.equal(seen, nextEvent - 2);
});

test('after a transaction that did not commit a stage goes on from what was committed', async () => {
  const partition = 6;
  const generation = 3;
  const runner = await runStage(generation, proxy.broker);
  const [kept] = idsOf(await collect(anEvent(partition, { key: 'kept' })));
  await until('the first event', async () => (await published(partition, generation)).length === 1);
  const ending = nextRequest('EndTxn');
  const again = anEvent(partition, { key: 'kept' });
  const other = anEvent(partition, { key: 'other' });
  await collect(again, other);
  const request = await ending;
  const thief = kafkaAt().producer({
    transactionalId: `identity-merger.g${generation}.${INPUT}-${partition}`,
    maxInFlightRequests: 1,
  });
  await thief.connect();
  await (await thief.transaction()).abort();
  request.decide('forward');
  const counts = await until('the rest of the log', async () => {
    const found = await countsOf(generation, partition);
    return Object.values(found).reduce((sum, count) => sum + count, 0) === 3 && found;
  });
  assert.deepEqual(counts, { 'event.forwarded': 2, 'event.duplicate': 1 });
  assert.deepEqual(await published(partition, generation), [kept, ...idsOf([other])]);
  await thief.disconnect();
  await runner.stop();
});

test('stages of two generations each process the whole log, and no record of an aborted transaction', async () => {
  const partition = 7;
  await collectInVain(anEvent(partition));
  const ids = idsOf(await collect(anEvent(partition), anEvent(partition)));
  const runners = [await runStage(4), await runStage(5)];
  for (const generation of [4, 5]) {
    await until(
      `generation ${generation} to process the log`,
      async () => (await published(partition, generation)).length >= ids.length,
    );
    assert.deepEqual(await published(partition, generation), ids);
    assert.equal((await countsOf(generation, partition))['event.forwarded'], ids.length);
  }
  for (const runner of runners) await runner.stop();
});
