import { Partitioners } from 'kafkajs';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { durationMs } from '#lib/config/duration.ts';
import { loadEnvironments } from '#lib/config/environments.ts';
import { openGeneration } from '#lib/generations/open-generation.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { watchTopics } from '#lib/kafka/watch-topics.ts';
import { startHealthServer } from '#lib/service/health.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { RunningService } from '#lib/service/run-service.ts';
import { topicInKafka } from '#schemas/topics.ts';
import type { LoaderConfig } from '../config.ts';
import { NameRegistry } from '../core/name-registry.ts';
import { type LoadedTopic, TABLES_OF_TOPIC } from '../core/start-check.ts';
import { requireSameCluster } from './cluster-check.ts';
import { CrowdWatch } from './crowd-watch.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createEventLoader } from './event-loader.ts';
import { createIdentityLoader } from './identity-loader.ts';
import { loaderAssigner } from './loader-assigner.ts';
import { LoaderMetrics } from './loader-metrics.ts';
import { startLoadingConsumer } from './loading-consumer.ts';
import { PatientClickHouse } from './patient-clickhouse.ts';
import { Squasher } from './squasher.ts';
import { createStartCheck } from './start-check.ts';
import { ViewKeeper } from './view-keeper.ts';

/** Starts the loader: topics, then storage and views, then the consumer. Waits for Kafka and ClickHouse. */
export async function startLoader(config: LoaderConfig, log: Logger): Promise<RunningService> {
  const generation = config.CAIRN_GENERATION;
  const environments = loadEnvironments(config.CAIRN_ENVIRONMENTS);
  const metrics = new LoaderMetrics();
  const url = config.CAIRN_CLICKHOUSE_URL;
  const patient = new PatientClickHouse({ clickHouse: createClickHouse({ url }), log, metrics });
  const names = new NameRegistry();
  const views = new ViewKeeper({ generation, environments, names, reader: readerOf(url), log, metrics });

  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  let notReady = 'waiting for Kafka';
  const health = await startHealthServer({
    port: config.CAIRN_HEALTH_PORT,
    metrics: metrics.registry,
    notReady: () => notReady || patient.unavailable,
  });

  const kafkaOptions = { clientId: 'cairn-loader', brokers: config.CAIRN_KAFKA_BROKERS, log };
  const kafka = createKafka(kafkaOptions);
  const admin = await waitForKafka(kafkaOptions);
  const reader = await PartitionReader.open(kafkaOptions);
  const { known, logRevision, partitions } = await openGeneration(admin, reader, {
    generation,
    partitions: config.CAIRN_PARTITIONS,
    replicationFactor: config.CAIRN_REPLICATION_FACTOR,
    log,
  });
  await reader.close();
  const copiedBeforeMs = known?.copied_before ?? 0;
  notReady = 'waiting for ClickHouse';
  await patient.call((clickHouse) => views.start(clickHouse));
  await requireSameCluster(patient, (await admin.describeCluster()).clusterId);
  notReady = 'joining its consumer group';
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const deadLetters = createDeadLetters(producer, generation);

  const groupId = `loader.g${generation}`;
  const consumer = kafka.consumer({
    groupId,
    // A dead member's partitions move within seconds.
    sessionTimeout: 6000,
    heartbeatInterval: 1000,
    rebalanceTimeout: 30_000,
    partitionAssigners: [loaderAssigner([topicInKafka('identity.migrations', generation)])],
    readUncommitted: false,
    // The broker holds a fetch back until the flush time has passed or a whole batch is there: what it then
    // answers for a partition is one insert, and nothing is buffered here meanwhile.
    maxWaitTimeInMs: config.CAIRN_LOADER_FLUSH_MS,
    minBytes: config.CAIRN_LOADER_BATCH_BYTES,
    maxBytesPerPartition: config.CAIRN_LOADER_BATCH_BYTES,
    maxBytes: config.CAIRN_LOADER_BATCH_BYTES * 4,
  });
  const loadEvents = createEventLoader({
    patient,
    deadLetters,
    generation,
    copiedBeforeMs,
    metrics,
    names,
    views,
  });
  const identity = createIdentityLoader({
    patient,
    deadLetters,
    generation,
    environments,
    crowds: new CrowdWatch({
      generation,
      environments,
      mostDevices: config.CAIRN_CROWDED_IDENTITY,
      metrics,
      log,
    }),
    metrics,
    fail,
  });
  const squasher = new Squasher({
    patient,
    generation,
    intervalMs: durationMs(config.CAIRN_SQUASH_INTERVAL),
    metrics,
    log,
  });
  const loading = await startLoadingConsumer({
    consumer,
    admin,
    groupId,
    generation,
    topics: Object.keys(TABLES_OF_TOPIC) as LoadedTopic[],
    concurrency: partitions * Object.keys(TABLES_OF_TOPIC).length,
    limits: { rows: config.CAIRN_LOADER_BATCH_ROWS, bytes: config.CAIRN_LOADER_BATCH_BYTES },
    load: (source, ...chunk) =>
      source.name === 'identity.migrations' ? identity.load(source, ...chunk) : loadEvents(source, ...chunk),
    checkStart: createStartCheck({ patient, generation, copiedBeforeMs }),
    onAssigned(assignment) {
      const hasBindings = (assignment[topicInKafka('identity.migrations', generation)] ?? []).length > 0;
      identity.own(hasBindings);
      squasher.own(hasBindings);
    },
    log,
    fail,
  });
  const unwatch = watchTopics(admin, { generation, logRevision }, fail);
  notReady = '';

  return {
    url: health.url,
    failed,
    async stop() {
      unwatch();
      await loading.stop();
      await Promise.all([identity.stop(), squasher.stop()]);
      await Promise.all([producer.disconnect(), admin.disconnect(), health.close()]);
    },
  };
}

/** What dictionaries log in with: the same as the loader, where its URL names a user. */
function readerOf(url: string): { user: string; password: string } | undefined {
  const { username, password } = new URL(url);
  if (username === '') return undefined;
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}
