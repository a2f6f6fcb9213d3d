import { after, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import type { Processor } from '#lib/streams/processor.ts';
import { createStageMetrics } from '#lib/streams/stage-metrics.ts';
import { StageRunner } from '#lib/streams/stage-runner.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 2;
const log = createLogger('test', 'silent');

let backend: Backend;
let reader: PartitionReader;

before(async () => {
  backend = await startBackend();
  const admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  await admin.disconnect();
  reader = await PartitionReader.open({ brokers: backend.brokers, clientId: 'test', log });
});

after(async () => {
  await reader?.close();
  await backend?.stop();
});

/** A stage that counts what it reads, and cannot while `isBroken` says so: its tasks are opened again and again. */
function startRunner(isBroken: () => boolean): StageRunner<object> {
  const processor: Processor<object> = {
    stage: 'counting',
    input: 'events.collected',
    outputs: [],
    restores: [],
    createState: () => ({}),
    step() {
      if (isBroken()) throw new Error('not now');
      return { outputs: [], outcome: 'event.counted' };
    },
    flush: () => [],
  };
  return new StageRunner({
    processor,
    kafka: createKafka({ clientId: 'test', brokers: backend.brokers, log }),
    reader,
    generation: 1,
    logRevision: 1,
    log,
    metrics: createStageMetrics(new Registry()),
  });
}

test('a stage is ready again when a partition that it was restoring has moved to another member', async () => {
  const producer = createKafka({ clientId: 'test', brokers: backend.brokers, log }).producer();
  await producer.connect();
  const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ value: 'one', partition }));
  await producer.send({ topic: 'events.collected', messages });
  await producer.disconnect();
  let isBroken = true;
  const first = startRunner(() => isBroken);
  const second = startRunner(() => false);
  try {
    await first.start();
    await until('both partitions to be restored', () => /restoring partitions \d, \d/.test(first.notReady()));
    await second.start();
    await until('a partition to move', () => second.notReady() === '');
    isBroken = false;
    await until('the first to be ready', () => first.notReady() === '' || Promise.reject(first.notReady()));
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
});
