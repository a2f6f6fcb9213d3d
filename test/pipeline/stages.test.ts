import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Partitioners } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec, migrationCodec, rejectedCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId, idempotencyHash, partitionOf, recordKey } from '#schemas/ids.ts';
import { type TopicName, topicInKafka } from '#schemas/topics.ts';
import type { Collected } from '#schemas/types.ts';
import { type Supervisor, startSupervisor } from '../../cli/supervisor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 4;
const DEVICES = 40;
const EVENTS_PER_DEVICE = 100;
/** Within the retention of derived topics, which goes by the receive time. */
const T0 = Date.now() - 60 * 60 * 1000;
const log = createLogger('test', 'error');

let backend: Backend;
let reader: PartitionReader;
let supervisor: Supervisor;

before(async () => {
  backend = await startBackend();
  const admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  await admin.disconnect();
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
  const env = () => ({
    ...process.env,
    CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
    CAIRN_LOG_LEVEL: 'error',
  });
  supervisor = await startSupervisor(
    ['identity-merger', 'sessionizer'].map((name) => ({
      name,
      main: fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url)),
      env,
    })),
    { onChange: () => undefined, onLine: () => undefined, onNotice: () => undefined },
    new AbortController().signal,
  );
});

after(async () => {
  await supervisor?.stop();
  await reader?.close();
  await backend?.stop();
});

/** What each device does: browses, is identified in the middle, browses on; every tenth event is sent twice. */
function historyOf(device: number): Partial<Collected>[] {
  const base = {
    environment: 1,
    user_id: device,
    device_id: device,
    source: 'web',
    type: 'click',
    kind: 'event',
  };
  const records: Partial<Collected>[] = [];
  for (let index = 0; index < EVENTS_PER_DEVICE; index += 1) {
    const time = T0 + index * 1000;
    const event = {
      ...base,
      event_id: device * 1000 + index,
      time,
      received_at: time,
      idempotency: idempotencyHash(`${index}`),
    };
    if (index === EVENTS_PER_DEVICE / 2) {
      records.push({
        ...base,
        kind: 'identify',
        identity: `person ${device % 7}`,
        time,
        received_at: time,
        event_id: 1,
      });
    }
    records.push(event);
    if (index % 10 === 0) records.push(event);
  }
  return records;
}

async function readAll(name: TopicName) {
  const topic = topicInKafka(name, 1, 1);
  const values: Buffer[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { start, end } = await reader.bounds(topic, partition);
    for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
      for (const { value } of messages) values.push(value as Buffer);
    }
  }
  return values;
}

test('merger and sessionizer handle every record once while both are killed again and again', async () => {
  const producer = createKafka({ clientId: 'test', brokers: backend.brokers, log }).producer({
    idempotent: true,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const histories = Array.from({ length: DEVICES }, (_, index) => historyOf(index + 1));
  const rounds = histories[0]?.length ?? 0;
  const killed = new Set<number>();
  for (let round = 0; round < rounds; round += 10) {
    const messages = histories.flatMap((history) =>
      history.slice(round, round + 10).map((record) => {
        const key = recordKey(1, record.device_id as number);
        const value = collectedCodec.encode(record);
        return { key, value, partition: partitionOf(key, PARTITIONS), timestamp: String(record.received_at) };
      }),
    );
    await producer.send({ topic: 'events.collected', messages });
    // In turn, and only one that runs again since its last death: so that it dies in the middle of work.
    const victim = supervisor.states()[killed.size % 2];
    if (round % 20 === 0 && victim?.ready && !killed.has(victim.pid)) {
      killed.add(victim.pid);
      process.kill(victim.pid, 'SIGKILL');
      await until('its restart', () =>
        supervisor.states().every(({ ready, pid }) => ready && !killed.has(pid)),
      );
    }
  }
  await producer.disconnect();
  assert.ok(killed.size >= 4, 'both services were killed, more than once');

  const expected = DEVICES * EVENTS_PER_DEVICE;
  const sessionized = await until(
    `${expected} sessionized events`,
    async () => {
      const values = await readAll('events.sessionized');
      return values.length >= expected && values;
    },
    120_000,
  );
  const events = sessionized.map((value) => collectedCodec.decode(value));
  assert.equal(events.length, expected);
  assert.equal(new Set(events.map(({ event_id }) => event_id)).size, expected);
  for (const { event_id, device_id, user_id, session_id } of events) {
    const identified = event_id % 1000 >= EVENTS_PER_DEVICE / 2;
    assert.equal(user_id, identified ? canonicalUserId(1, `person ${device_id % 7}`) : device_id);
    assert.notEqual(session_id, 0);
  }

  const migrations = (await readAll('identity.migrations')).map((value) => migrationCodec.decode(value));
  assert.equal(migrations.length, DEVICES);
  const sessions = new Map(
    (await readAll('sessions')).map((value) => [
      sessionCodec.decode(value).session_id,
      sessionCodec.decode(value),
    ]),
  );
  assert.deepEqual(
    [...sessions.values()].map(({ event_count }) => event_count),
    Array.from({ length: DEVICES }, () => EVENTS_PER_DEVICE),
  );
});

test('a record that cannot be read becomes a dead letter with its origin, and the stage goes on', async () => {
  const producer = createKafka({ clientId: 'test', brokers: backend.brokers, log }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const device = 4242;
  const key = recordKey(1, device);
  const partition = partitionOf(key, PARTITIONS);
  const good = collectedCodec.encode({
    kind: 'event',
    environment: 1,
    user_id: device,
    device_id: device,
    event_id: 7,
    time: T0,
    received_at: T0,
  });
  const timestamp = String(T0);
  const values = [Buffer.from('not avro'), Buffer.from([0, 0, 0, 0, 99]), good.subarray(0, 12), null, good];
  await producer.send({
    topic: 'events.collected',
    messages: values.map((value) => ({ key, value, partition, timestamp })),
  });
  await producer.disconnect();

  await until('the good record after the bad ones', async () => {
    const found = (await readAll('events.sessionized')).some(
      (value) => collectedCodec.decode(value).device_id === device,
    );
    return found;
  });
  const rejected = (await readAll('events.rejected')).map((value) => rejectedCodec.decode(value));
  assert.deepEqual(
    rejected.map(({ stage, code, topic, partition: at }) => ({ stage, code, topic, at })),
    ['not_framed', 'unknown_schema', 'corrupt', 'empty_value'].map((code) => ({
      stage: 'identity-merger',
      code,
      topic: 'events.collected',
      at: partition,
    })),
  );
  assert.deepEqual(rejected[2]?.value, good.subarray(0, 12));
});
