/** The collector on a real Kafka: what 200 means, ticks, and a broker that hangs or dies. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { eventIdOfKey, partitionOf, recordKey } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { type CollectorProcess, startCollectorProcess } from '../support/collector-process.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 4;
const TOPIC = 'events.collected';
const ACK_TIMEOUT_MS = 1500;
const MAX_BYTES_IN_FLIGHT = 8 * 2 ** 20;
const log = createLogger('test', 'error');

let backend: Backend;
let reader: PartitionReader;
let collector: CollectorProcess;

before(async () => {
  backend = await startBackend();
  collector = await startCollector();
  reader = await openReader();
});

function startCollector(): Promise<CollectorProcess> {
  return startCollectorProcess({
    CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
    CAIRN_PARTITIONS: String(PARTITIONS),
    CAIRN_ACK_TIMEOUT_MS: String(ACK_TIMEOUT_MS),
    CAIRN_TICK_AFTER_MS: '2000',
    CAIRN_MAX_BYTES_IN_FLIGHT: String(MAX_BYTES_IN_FLIGHT),
  });
}

after(async () => {
  await collector?.process.stop(15_000);
  await reader?.close();
  await backend?.stop();
});

function openReader(): Promise<PartitionReader> {
  return PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
}

type Logged = { partition: number; key: Buffer; timestamp: string; value: Collected };

async function readLog(): Promise<Logged[]> {
  const logged: Logged[] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const { start, end } = await reader.bounds(TOPIC, partition);
    for await (const { messages } of reader.read({ topic: TOPIC, partition, from: start, to: end })) {
      for (const { key, value, timestamp } of messages) {
        logged.push({ partition, key: key!, timestamp, value: collectedCodec.decode(value) });
      }
    }
  }
  return logged;
}

/** How often each idempotency key is in the log, for the keys given. */
async function timesLogged(keys: readonly string[]): Promise<Map<string, number>> {
  const byEventId = new Map(keys.map((key) => [eventIdOfKey(1, key), key]));
  const times = new Map<string, number>();
  for (const { value } of await readLog()) {
    const key = byEventId.get(value.event_id);
    if (key !== undefined) times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

let sent = 0;

function track(padding = 0) {
  sent += 1;
  const key = `key-${sent}`;
  return {
    key,
    row: { event: 'e', user_id: sent, idempotency_key: key, properties: { padding: 'x'.repeat(padding) } },
  };
}

function isReady(): Promise<boolean> {
  return fetch(`${collector.url}/readyz`).then(({ ok }) => ok);
}

test('an event answered 200 is in the log already, under its key, in its partition, at its receive time', async () => {
  const rows = Array.from({ length: 20 }, () => track());
  assert.equal(
    (await collector.post('/api/track', { app_id: '11', events: rows.map(({ row }) => row) })).body,
    '{}',
  );
  const logged = new Map((await readLog()).map((record) => [record.value.event_id, record]));
  for (const { key, row } of rows) {
    const record = logged.get(eventIdOfKey(1, key));
    assert.ok(record !== undefined, `${key} is not in the log`);
    const wantKey = recordKey(1, row.user_id);
    assert.deepEqual(
      {
        partition: record.partition,
        key: record.key,
        timestamp: record.timestamp,
        device: record.value.device_id,
      },
      {
        partition: partitionOf(wantKey, PARTITIONS),
        key: wantKey,
        timestamp: String(record.value.received_at),
        device: row.user_id,
      },
    );
  }
});

test('every partition that is silent gets ticks under the key of nobody', async () => {
  const ticks = await until('a tick in every partition', async () => {
    const found = (await readLog()).filter(({ value }) => value.kind === 'tick');
    return new Set(found.map(({ partition }) => partition)).size === PARTITIONS && found;
  });
  for (const { key, timestamp, value } of ticks) {
    assert.deepEqual(
      { key, timestamp, environment: value.environment, device: value.device_id, user: value.user_id },
      { key: Buffer.alloc(8), timestamp: String(value.received_at), environment: 0, device: 0, user: 0 },
    );
  }
});

test('a broker that hangs: 503 after the patience, 503 at once then, and all resumes by itself', async () => {
  const row = () => {
    const { key, row } = track();
    return { key, body: { app_id: '11', ...row } };
  };
  await backend.kafka.pause();
  const first = row();
  try {
    const slow = await collector.post('/api/track', first.body);
    assert.deepEqual([slow.status, slow.retryAfter], [503, '5']);
    assert.ok(slow.ms >= ACK_TIMEOUT_MS, `answered after ${slow.ms} ms`);
    await until('the collector to be not ready', async () => !(await isReady()));
    const quick = await collector.post('/api/track', row().body);
    assert.deepEqual([quick.status, quick.retryAfter], [503, '5']);
    assert.ok(quick.ms < ACK_TIMEOUT_MS / 2, `answered after ${quick.ms} ms`);
  } finally {
    await backend.kafka.resume();
  }
  await until('the collector to be ready', isReady);
  const again = row();
  assert.equal((await collector.post('/api/track', again.body)).status, 200);
  const times = await timesLogged([first.key, again.key]);
  assert.equal(times.get(again.key), 1);
  assert.ok((times.get(first.key) ?? 0) <= 1, 'the send that hung is written at most once');
});

test('a send that the broker refuses for good: 503, and the next is taken', async () => {
  const admin = createKafka({ clientId: 'test', brokers: backend.brokers, log }).admin();
  await admin.connect();
  const setMaxBytes = (bytes: number) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: TOPIC,
          configEntries: [{ name: 'max.message.bytes', value: `${bytes}` }],
        },
      ],
    });
  const large = track(1000);
  await setMaxBytes(600);
  await until('a refusal', async () => {
    const { status } = await collector.post('/api/track', { app_id: '11', ...track(1000).row });
    return status === 503;
  });
  await setMaxBytes(8 * 2 ** 20);
  await admin.disconnect();
  await until('an acceptance', async () => {
    return (await collector.post('/api/track', { app_id: '11', ...large.row })).status === 200;
  });
  assert.equal((await timesLogged([large.key])).get(large.key), 1);
});

test('a broker that hangs under load: memory stays bounded, and what does not fit gets 503', async () => {
  const bulk = () => ({ app_id: '11', events: Array.from({ length: 500 }, () => track(1000).row) });
  await backend.kafka.pause();
  try {
    const answers = await Promise.all(Array.from({ length: 60 }, () => collector.post('/api/track', bulk())));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
    assert.ok(answers.some(({ body }) => body.includes('"overloaded"')));
    const residentKiB = Number(
      /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${collector.process.pid}/status`, 'utf8'))?.[1],
    );
    assert.ok(residentKiB < 512 * 1024, `resident ${residentKiB} KiB`);
  } finally {
    await backend.kafka.resume();
  }
  await until('the collector to be ready', isReady);
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  assert.match(metrics, /^cairn_collector_bytes_in_flight 0$/m);
});

test('a broker that is killed and comes back: nothing answered 200 is lost or written twice', async () => {
  const acknowledged: string[] = [];
  let stop = false;
  async function client(): Promise<void> {
    while (!stop) {
      const { key, row } = track();
      const { status } = await collector.post('/api/track', { app_id: '11', ...row });
      if (status === 200) acknowledged.push(key);
      else assert.equal(status, 503);
    }
  }
  const clients = Array.from({ length: 8 }, client);
  try {
    await until('events before', () => acknowledged.length >= 200);
    await backend.kafka.killAndRestart();
    const before = acknowledged.length;
    await until('events after', () => acknowledged.length >= before + 200);
  } finally {
    stop = true;
    await Promise.all(clients);
  }
  await reader.close();
  reader = await openReader();
  const times = await timesLogged(acknowledged);
  assert.deepEqual(
    acknowledged.filter((key) => times.get(key) !== 1),
    [],
  );
});

test('SIGTERM: what is under way is answered, and the process ends with 0', async () => {
  const rows = Array.from({ length: 30 }, () => track());
  const answers = rows.map(({ row }) => collector.post('/api/track', { app_id: '11', ...row }));
  await Promise.race(answers);
  await collector.process.stop(15_000);
  assert.deepEqual(await collector.process.exited, { code: 0, signal: null });
  const settled = await Promise.allSettled(answers);
  const acknowledged = rows.filter((_, index) => {
    const answer = settled[index];
    return answer?.status === 'fulfilled' && answer.value.status === 200;
  });
  const times = await timesLogged(acknowledged.map(({ key }) => key));
  assert.equal(times.size, acknowledged.length);
  assert.ok(acknowledged.length > 0);
});

test('SIGTERM while the broker hangs: what is under way is answered 503, and the process ends with 0', async () => {
  const another = await startCollector();
  await backend.kafka.pause();
  try {
    const answer = another.post('/api/track', { app_id: '11', ...track().row });
    await until('the request to be under way', async () => {
      const metrics = await (await fetch(`${another.url}/metrics`)).text();
      return /^cairn_collector_bytes_in_flight [1-9]/m.test(metrics);
    });
    await another.process.stop(ACK_TIMEOUT_MS + 10_000);
    assert.equal((await answer).status, 503);
    assert.deepEqual(await another.process.exited, { code: 0, signal: null });
  } finally {
    await backend.kafka.resume();
  }
});
