/** What the collector must survive and random faults seldom come to. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { type CollectorProcess, startCollectorProcess } from '../support/collector-process.ts';
import { KAFKA_APIS } from './campaign/kafka-frames.ts';
import { KafkaProxy } from './campaign/kafka-proxy.ts';

const PARTITIONS = 2;
const TOPIC = 'events.collected';
const USER = 7;

let backend: Backend;
let proxy: KafkaProxy;
let collector: CollectorProcess;
let reader: PartitionReader;

before(async () => {
  backend = await startBackend();
  proxy = await KafkaProxy.start(backend.brokers[0] ?? '');
  collector = await startCollectorProcess({
    CAIRN_KAFKA_BROKERS: proxy.broker,
    CAIRN_PARTITIONS: String(PARTITIONS),
    // No tick may come to the trap before the event.
    CAIRN_TICK_AFTER_MS: '600000',
  });
  const log = createLogger('test', 'error');
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
});

after(async () => {
  await collector?.process.stop(15_000);
  await reader?.close();
  await proxy?.stop();
  await backend?.stop();
});

async function eventsInLog(): Promise<number[]> {
  const partition = partitionOf(recordKey(1, USER), PARTITIONS);
  const { start, end } = await reader.bounds(TOPIC, partition);
  const events: number[] = [];
  for await (const { messages } of reader.read({ topic: TOPIC, partition, from: start, to: end }))
    events.push(...messages.map(({ value }) => collectedCodec.decode(value).event_id));
  return events;
}

test('an event is in the log once where Kafka’s answer was lost and the collector sent it again', async () => {
  const answered = proxy.traps.next(
    ({ apiKey, when }) => apiKey === KAFKA_APIS.Produce && when === 'after',
    AbortSignal.timeout(30_000),
  );
  const reply = collector.post('/api/track', { app_id: '11', event: 'e', user_id: USER });
  (await answered).decide('cut');
  assert.equal((await reply).status, 200);
  assert.equal((await eventsInLog()).length, 1);
});
