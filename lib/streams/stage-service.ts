import { Registry } from 'prom-client';
import { SHARED_SETTINGS } from '#lib/config/shared-settings.ts';
import type { ConfigOf } from '#lib/config/spec.ts';
import { openGeneration } from '#lib/generations/open-generation.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { keepAtLeast } from '#lib/kafka/keep-at-least.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { watchTopics } from '#lib/kafka/watch-topics.ts';
import { startHealthServer } from '#lib/service/health.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { RunningService } from '#lib/service/run-service.ts';
import { type StageTopic, topicInKafka } from '#schemas/topics.ts';
import type { Offload } from './offload.ts';
import type { Processor } from './processor.ts';
import { SnapshotDirectory } from './snapshot-directory.ts';
import { createStageMetrics } from './stage-metrics.ts';
import { StageRunner } from './stage-runner.ts';

/** Settings of every transactional stage. */
export const STAGE_SETTINGS = {
  CAIRN_KAFKA_BROKERS: SHARED_SETTINGS.CAIRN_KAFKA_BROKERS,
  CAIRN_PARTITIONS: SHARED_SETTINGS.CAIRN_PARTITIONS,
  CAIRN_REPLICATION_FACTOR: SHARED_SETTINGS.CAIRN_REPLICATION_FACTOR,
  CAIRN_GENERATION: SHARED_SETTINGS.CAIRN_GENERATION,
  CAIRN_STATE_DIR: SHARED_SETTINGS.CAIRN_STATE_DIR,
  CAIRN_HEALTH_PORT: SHARED_SETTINGS.CAIRN_HEALTH_PORT,
  CAIRN_LOG_LEVEL: SHARED_SETTINGS.CAIRN_LOG_LEVEL,
} as const;

/** What some stages want beside their processor. */
export type StageExtras<State> = {
  readonly offload?: Offload<State>;
  /** Milliseconds that topics must be kept at least. */
  readonly keepMs?: Partial<Readonly<Record<StageTopic, number>>>;
};

/**
 * Starts a stage: waits for Kafka, creates topics, runs the processor, serves health and metrics. The processor is
 * made for the number of partitions that its generation has, and so are the extras.
 */
export async function startStage<State>(
  stage: string,
  createProcessor: (partitions: number) => Processor<State>,
  config: ConfigOf<typeof STAGE_SETTINGS>,
  log: Logger,
  extrasFor: (partitions: number) => StageExtras<State> = () => ({}),
): Promise<RunningService> {
  const brokers = config.CAIRN_KAFKA_BROKERS;
  const generation = config.CAIRN_GENERATION;
  const clientId = `cairn-${stage}`;
  const metrics = new Registry();
  const kafka = createKafka({ clientId, brokers, log });

  const admin = await waitForKafka({ clientId, brokers, log });
  const reader = await PartitionReader.open({ brokers, clientId, log });
  const { logRevision, partitions } = await openGeneration(admin, reader, {
    generation,
    partitions: config.CAIRN_PARTITIONS,
    replicationFactor: config.CAIRN_REPLICATION_FACTOR,
    log,
  });
  const { offload: store, keepMs = {} } = extrasFor(partitions);
  for (const [name, ms] of Object.entries(keepMs))
    await keepAtLeast(admin, topicInKafka(name as StageTopic, generation), ms, log);
  const directory = config.CAIRN_STATE_DIR;
  const { clusterId } = await admin.describeCluster();
  const snapshots = directory === '' ? undefined : { directory: new SnapshotDirectory(directory), clusterId };
  const runner = new StageRunner({
    processor: createProcessor(partitions),
    kafka,
    reader,
    generation,
    logRevision,
    log,
    metrics: createStageMetrics(metrics),
    snapshots,
    offload: store === undefined ? undefined : { store, clusterId },
  });
  const health = await startHealthServer({
    port: config.CAIRN_HEALTH_PORT,
    metrics,
    notReady: () => runner.notReady(),
  });
  await runner.start();
  const { promise: topicGone, reject } = Promise.withResolvers<never>();
  const unwatch = watchTopics(admin, { generation, logRevision }, reject);

  return {
    url: health.url,
    failed: Promise.race([runner.failed, topicGone]),
    stop: async () => {
      unwatch();
      await runner.stop();
      await admin.disconnect();
      await reader.close();
      await health.close();
    },
  };
}
