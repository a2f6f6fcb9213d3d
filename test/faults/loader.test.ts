/** Faults that the loader must survive and that random ones seldom come to. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Partitioners, type Producer } from 'kafkajs';
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
let producer: Producer;
let clickHouse: ClickHouse;
const complaints: string[] = [];

before(async () => {
  backend = await startBackend();
  loader = await ServiceInstance.start('loader', 'loader', backend, {
    onLine: () => {},
    onNotice: () => {},
    fail: (error) => complaints.push(error.message),
  });
  await until('the loader to be ready', () => loader.isReady);
  const log = createLogger('test', 'error');
  producer = createKafka({ clientId: 'test', brokers: backend.brokers, log }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

after(async () => {
  await producer?.disconnect();
  await loader?.stop();
  await backend?.stop();
});

async function send(deviceId: number, eventIds: readonly number[]): Promise<void> {
  const now = Date.now();
  const messages = eventIds.map((eventId) => ({
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
  await producer.send({ topic: topicInKafka('events.sessionized', 1), messages });
}

async function countRows(deviceId: number) {
  const [row] = await clickHouse.query<{ rows: string; events: string }>(
    `SELECT toString(count()) AS rows, toString(uniqExact(event_id)) AS events FROM cairn.events WHERE device_id = ${deviceId}`,
  );
  return { rows: Number(row?.rows), events: Number(row?.events) };
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
  const signal = AbortSignal.timeout(30_000);
  const device = 2;
  const insert = reach(loader, { service: 'loader', request: 'insert events', when: 'after' }, signal);
  await send(
    device,
    Array.from({ length: EVENTS }, (_, index) => index),
  );
  const answer = await insert;
  loader.kill();
  answer.decide('cut');
  const { rows } = await countRows(device);
  assert.ok(rows > 1);
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
