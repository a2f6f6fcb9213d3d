/** An offset commit that is stuck in the network and arrives after later ones. */

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

async function send(eventId: number): Promise<void> {
  const now = Date.now();
  const times = { time: now, received_at: now };
  const event = { environment: 1, kind: 'event', device_id: 1, user_id: 1, event_id: eventId, ...times };
  const message = {
    partition: 0,
    key: recordKey(1, 1),
    value: collectedCodec.encode(event),
    timestamp: `${now}`,
  };
  await producer.send({ topic: topicInKafka('events.sessionized', 1), messages: [message] });
}

async function countRows() {
  const [row] = await clickHouse.query<{ rows: string; events: string }>(
    'SELECT toString(count()) AS rows, toString(uniqExact(event_id)) AS events FROM cairn.events',
  );
  return { rows: Number(row?.rows), events: Number(row?.events) };
}

test('an offset commit that arrives late does not set the loader back', async () => {
  const signal = AbortSignal.timeout(30_000);
  const commit = reach(loader, { service: 'loader', request: 'OffsetCommit', when: 'before' }, signal);
  await send(1);
  // The range of one event is announced; the commit is stuck, and the loader sees its connection break.
  (await commit).decide({ lateMs: LATE_MS });
  const stuckAtMs = performance.now();
  for (let event = 2; event <= EVENTS; event += 1) await send(event);
  await until('all events to be loaded', async () => (await countRows()).events === EVENTS);
  await pause(Math.max(0, LATE_MS + 500 - (performance.now() - stuckAtMs)));
  loader.kill();
  await until('its restart', () => complaints.length > 0 || loader.isReady);
  await send(EVENTS + 1);
  await until(
    'the loader to go on',
    async () => complaints.length > 0 || (await countRows()).events === EVENTS + 1,
  );
  assert.deepEqual(complaints, []);
  assert.deepEqual(await countRows(), { rows: EVENTS + 1, events: EVENTS + 1 });
});
