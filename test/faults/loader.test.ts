/** Faults that the loader must survive and that random ones seldom come to. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';
import { reach } from './campaign/fault-point.ts';
import { ServiceInstance } from './campaign/service-instance.ts';

const LATE_MS = 4000;
const EVENTS = 40;

let backend: Backend;
let loader: ServiceInstance;
let kafka: Kafka;
let producer: Producer;
let clickHouse: ClickHouse;
const complaints: string[] = [];

before(async () => {
  backend = await startBackend();
  loader = await startLoader('loader');
  await until('the loader to be ready', () => loader.isReady);
  const log = createLogger('test', 'error');
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

function startLoader(label: string): Promise<ServiceInstance> {
  return ServiceInstance.start('loader', label, backend, {
    onLine: () => {},
    onNotice: () => {},
    fail: (error) => complaints.push(error.message),
  });
}

after(async () => {
  await producer?.disconnect();
  await loader?.stop();
  await backend?.stop();
});

const TOPIC = topicInKafka('events.sessionized', 1);

function eventsOf(deviceId: number, eventIds: readonly number[]) {
  const now = Date.now();
  return eventIds.map((eventId) => ({
    partition: 0,
    key: recordKey(1, deviceId),
    timestamp: `${now}`,
    value: collectedCodec.encode({
      environment: 1,
      kind: 'event',
      device_id: deviceId,
      user_id: deviceId,
      event_id: eventId,
      time: now,
      received_at: now,
    }),
  }));
}

async function send(deviceId: number, eventIds: readonly number[]): Promise<void> {
  await producer.send({ topic: TOPIC, messages: eventsOf(deviceId, eventIds) });
}

const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index);

/** Waits until so many events of a device are loaded, each once, and nobody has complained. */
async function untilLoaded(deviceId: number, events: number): Promise<void> {
  await until('all events to be loaded', async () => {
    return complaints.length > 0 || (await countRows(deviceId)).events === events;
  });
  assert.deepEqual(complaints, []);
  assert.deepEqual(await countRows(deviceId), { rows: events, events });
}

async function countRows(deviceId: number) {
  const [row] = await clickHouse.query<{ rows: string; events: string }>(
    `SELECT toString(count()) AS rows, toString(uniqExact(event_id)) AS events FROM cairn.events WHERE device_id = ${deviceId}`,
  );
  return { rows: Number(row?.rows), events: Number(row?.events) };
}

/** Sends events of a device, and kills the loader when it has inserted them and does not know it yet. */
async function killAfterInsertOf(deviceId: number): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const next = () => reach(loader, { service: 'loader', request: 'insert events', when: 'after' }, signal);
  let insert = next();
  await send(deviceId, upTo(EVENTS));
  for (;;) {
    const answer = await insert;
    if ((await countRows(deviceId)).rows > 1) {
      loader.kill();
      answer.decide('cut');
      return;
    }
    // The rows of an insert are there before its answer is: this one is that of what was sent before.
    insert = next();
    answer.decide('forward');
  }
}

test('an offset commit that arrives late does not set the loader back', async () => {
  const signal = AbortSignal.timeout(30_000);
  const commit = reach(loader, { service: 'loader', request: 'OffsetCommit', when: 'before' }, signal);
  await send(1, [1]);
  // The range of one event is announced; the commit is stuck, and the loader sees its connection break.
  (await commit).decide({ lateMs: LATE_MS });
  const stuckAtMs = performance.now();
  for (let event = 2; event <= EVENTS; event += 1) await send(1, [event]);
  await until('all events to be loaded', async () => (await countRows(1)).events === EVENTS);
  await pause(Math.max(0, LATE_MS + 500 - (performance.now() - stuckAtMs)));
  loader.kill();
  await until('its restart', () => complaints.length > 0 || loader.isReady);
  await send(1, [EVENTS + 1]);
  await until(
    'the loader to go on',
    async () => complaints.length > 0 || (await countRows(1)).events === EVENTS + 1,
  );
  assert.deepEqual(complaints, []);
  assert.deepEqual(await countRows(1), { rows: EVENTS + 1, events: EVENTS + 1 });
});

test('rows that ClickHouse took for inserted when it died are inserted again', async () => {
  const device = 2;
  await killAfterInsertOf(device);
  // As after a death between ClickHouse's note of the token and the part: the token is known and the rows are not there.
  const sync = { mutations_sync: 1, lightweight_deletes_sync: 1 };
  await clickHouse.command(`DELETE FROM cairn.events WHERE device_id = ${device} AND event_id % 2 = 0`, sync);
  await clickHouse.command(`ALTER TABLE cairn.devices DELETE WHERE device_id = ${device}`, sync);
  await until('all events to be loaded', async () => (await countRows(device)).events === EVENTS);
  await until('the device to be known', async () => {
    const devices = await clickHouse.query(`SELECT 1 FROM cairn.devices WHERE device_id = ${device}`);
    return devices.length > 0;
  });
  assert.deepEqual(await countRows(device), { rows: EVENTS, events: EVENTS });
  assert.deepEqual(complaints, []);
});

test('an insert that was announced is repeated as it was, though more has come since', async () => {
  const device = 3;
  await killAfterInsertOf(device);
  await send(device, upTo(EVENTS, EVENTS));
  await untilLoaded(device, 2 * EVENTS);
});

test('no record of an aborted transaction is loaded', async () => {
  const [aborted, kept] = [4, 5];
  const transactional = kafka.producer({ transactionalId: 'in vain', maxInFlightRequests: 1 });
  await transactional.connect();
  const transaction = await transactional.transaction();
  await transaction.send({ topic: TOPIC, messages: eventsOf(aborted, upTo(EVENTS)) });
  await transaction.abort();
  await transactional.disconnect();
  await send(kept, upTo(EVENTS));
  await untilLoaded(kept, EVENTS);
  assert.deepEqual(await countRows(aborted), { rows: 0, events: 0 });
});

test('a loader that was put out of its group, even when the group is empty again, loads and sets back nothing', async () => {
  const device = 6;
  const signal = AbortSignal.timeout(30_000);
  const commit = reach(loader, { service: 'loader', request: 'OffsetCommit', when: 'before' }, signal);
  await send(device, [0]);
  const announcement = await commit;
  loader.pause();
  const other = await startLoader('other');
  try {
    await send(device, upTo(EVENTS - 1, 1));
    await untilLoaded(device, EVENTS);
  } finally {
    await other.stop();
  }
  announcement.decide('forward');
  loader.resume();
  await send(device, [EVENTS]);
  await untilLoaded(device, EVENTS + 1);
});
