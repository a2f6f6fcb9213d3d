import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kafka, Partitioners } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { GenerationLog } from '../../cli/generations/generation-log.ts';
import { unknownGeneration } from '../../cli/generations/unknown-generation.ts';
import { type KafkaAccess, openKafka } from '../../cli/kafka-access.ts';
import { tickMessage } from '../../cli/repartition/copy-requests.ts';
import { LogTicks, sealLog, unsealLog } from '../../cli/repartition/seal-log.ts';
import { newInput } from '../../services/collector/core/input.ts';
import { anEnvironment } from '../../services/collector/core/testing.ts';
import { KafkaPublisher } from '../../services/collector/shell/kafka-publisher.ts';
import { createLogPlaces } from '../../services/collector/shell/log-places.ts';
import { createRecordEncoder, type LogRecord } from '../../services/collector/shell/record-encoder.ts';
import { type Backend, startBackend } from '../support/backend.ts';

const OLD = { topic: 'events.collected', partitions: 2 };
const NEW = { topic: 'events.collected.r2', partitions: 3 };
const log = createLogger('test', 'silent');

let backend: Backend;
let kafka: Kafka;
let access: KafkaAccess;
let ticks: LogTicks;
let publisher: KafkaPublisher;

before(async () => {
  backend = await startBackend();
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  access = await openKafka(backend.brokers);
  ticks = new LogTicks(backend.brokers);
  await ensureTopics(access.admin, { partitions: OLD.partitions, replicationFactor: 1 });
  await ensureTopics(access.admin, {
    logRevision: 2,
    partitions: NEW.partitions,
    replicationFactor: 1,
    names: ['events.collected'],
  });
});

after(async () => {
  await publisher?.stop();
  await ticks?.close();
  await access?.close();
  await backend?.stop();
});

test('a sealed log takes no record, but lets a transaction that was open come to its end', async () => {
  const producer = kafka.producer({
    transactionalId: 'test',
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  const message = tickMessage(0, Date.now());
  await transaction.send({ topic: OLD.topic, messages: [message] });
  const sealing = sealLog(access, ticks, OLD.topic);
  await ticks.proveSealed(OLD.topic, 0);
  await transaction.commit();
  const ends = await sealing;
  await producer.disconnect();
  const { end } = await access.reader.bounds(OLD.topic, 0);
  // All but the marker, which may be later.
  assert.ok((ends[0] as bigint) >= end - 1n, `${ends[0]} of ${end}`);
  const values: (Buffer | null)[] = [];
  for await (const { messages } of access.reader.read({ topic: OLD.topic, partition: 0, from: 0n, to: end }))
    values.push(...messages.map(({ value }) => value));
  assert.ok(values.some((value) => value?.equals(message.value as Buffer)));

  await unsealLog(access.admin, OLD.topic);
  const { resources } = await access.admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: OLD.topic, configNames: ['retention.ms', 'max.message.bytes'] }],
  });
  assert.deepEqual(
    Object.fromEntries(resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue])),
    { 'retention.ms': '-1', 'max.message.bytes': String(8 * 1024 * 1024) },
  );
});

/** Names of the events in a log, by partition. */
async function namesIn({ topic, partitions }: typeof OLD): Promise<string[][]> {
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const { start, end } = await access.reader.bounds(topic, partition);
      const names: string[] = [];
      for await (const { messages } of access.reader.read({ topic, partition, from: start, to: end }))
        for (const { value } of messages) {
          const { kind, name } = collectedCodec.decode(value);
          if (kind === 'event') names.push(name);
        }
      return names;
    }),
  );
}

test('of a send that a sealed log refuses, what one partition has taken already is not sent again', async () => {
  publisher = new KafkaPublisher({
    kafka,
    partitions: OLD.partitions,
    lingerMs: 0,
    ackTimeoutMs: 60_000,
    log,
    observeSendMs: () => {},
  });
  await publisher.start(createLogPlaces(access.admin, access.reader));
  const encode = createRecordEncoder(() => publisher.partitions);
  const deviceIn = (partition: number) => {
    for (let device = 1; ; device += 1)
      if (partitionOf(recordKey(1, device), OLD.partitions) === partition) return device;
  };
  const event = (name: string, device: number): LogRecord => {
    const scope = { environment: anEnvironment(), receivedAt: Date.now(), newId: () => 7 };
    return encode({ ...newInput('event', 'server', device, '', scope as never), name });
  };
  const [one, two] = [deviceIn(0), deviceIn(1)];
  await publisher.publish([event('before', one)]);

  // The broker takes the part of partition 0, and then the log is sealed before it sees that of partition 1.
  const batch = [event('taken', one), event('taken too', one), event('refused', two)];
  const raw = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await raw.connect();
  await raw.send({ topic: OLD.topic, messages: batch.filter(({ partition }) => partition === 0) });
  await raw.disconnect();
  const generations = new GenerationLog({ access, brokers: backend.brokers });
  const noted = { ...unknownGeneration(2), created_at: 1, log_revision: 2, log_partitions: NEW.partitions };
  await generations.writeGeneration({ ...noted, log_sealed_at: 1 });
  await sealLog(access, ticks, OLD.topic);
  const held = publisher.publish(batch);
  const later = publisher.publish([event('later', one)]);
  await generations.writeGeneration({ ...noted, log_sealed_at: 1, log_opened_at: 2 });
  await Promise.all([held, later]);

  assert.equal(publisher.partitions, NEW.partitions);
  assert.deepEqual((await namesIn(OLD)).flat(), ['before', 'taken', 'taken too']);
  const expected: string[][] = [[], [], []];
  expected[partitionOf(recordKey(1, two), NEW.partitions)]?.push('refused');
  expected[partitionOf(recordKey(1, one), NEW.partitions)]?.push('later');
  assert.deepEqual(await namesIn(NEW), expected);
});

test('a collector whose log is sealed and not moved on says so, and goes on when the move is given up', async () => {
  const waiting = new KafkaPublisher({
    kafka,
    partitions: NEW.partitions,
    lingerMs: 0,
    ackTimeoutMs: 500,
    log,
    observeSendMs: () => {},
  });
  try {
    await waiting.start(createLogPlaces(access.admin, access.reader));
    const encode = createRecordEncoder(() => waiting.partitions);
    const event = (name: string) => {
      const scope = { environment: anEnvironment(), receivedAt: Date.now(), newId: () => 8 };
      return encode({ ...newInput('event', 'server', 1, '', scope as never), name });
    };
    const generations = new GenerationLog({ access, brokers: backend.brokers });
    const noted = { ...unknownGeneration(3), created_at: 3, log_revision: 3, log_sealed_at: 3 };
    await generations.writeGeneration(noted);
    await sealLog(access, ticks, NEW.topic);
    await assert.rejects(
      waiting.publish([event('not taken')]),
      /: the log is sealed and the next one is not/,
    );
    while (waiting.notReady() === '') await pause(10);
    assert.match(waiting.notReady(), /^the log is sealed/);

    await generations.writeGeneration({ ...noted, dropped_at: 4 });
    await unsealLog(access.admin, NEW.topic);
    while (waiting.notReady() !== '') await pause(10);
    await waiting.publish([event('taken again')]);
    const names = (await namesIn(NEW)).flat();
    assert.deepEqual([names.includes('not taken'), names.includes('taken again')], [false, true]);
  } finally {
    await waiting.stop();
  }
});
