import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, ConfigResourceTypes, ITopicMetadata } from 'kafkajs';
import { ConfigError, UnavailableError } from '#lib/errors.ts';
import {
  DERIVED_TOPICS,
  FIRST_REVISION,
  MAX_BATCH_BYTES,
  SHARED_TOPICS,
  TOPICS,
  type TopicName,
  topicInKafka,
} from '#schemas/topics.ts';
import { isPassing } from './passing-error.ts';

/** ConfigResourceTypes.TOPIC, which kafkajs does not export in a way that an ES module can import. */
const TOPIC_RESOURCE: ConfigResourceTypes = 2;

export type TopicOptions = {
  /** Whose derived topics are wanted too; without it those that all generations share. */
  readonly generation?: number;
  readonly partitions: number;
  readonly replicationFactor: number;
  /**
   * Derived topics that are created lose nothing to time: a replay writes records with the receive times they
   * always had, which may be older than the retention before anybody has read them.
   */
  readonly keepAll?: boolean;
  /** The topics that are wanted; by default all shared ones, and with a generation its own. */
  readonly names?: readonly TopicName[];
  /** Revision of the log. @default 1 */
  readonly logRevision?: number;
  /** Topics that exist may have any number of partitions. */
  readonly anyCount?: boolean;
};

const RETRY_MS = 200;
const PATIENCE_MS = 60_000;

/**
 * Creates topics that do not exist yet. Safe to run from several services at once, and while the broker restarts.
 * Throws ConfigError where a topic exists with another number of partitions: records would be looked for in the
 * wrong place.
 */
export async function ensureTopics(admin: Admin, options: TopicOptions): Promise<void> {
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await createAndCheck(admin, options);
      return;
    } catch (error) {
      // A topic that another service creates at this moment is there for one request and unknown to the next.
      const isWorthWaiting = error instanceof UnavailableError || isPassing(error as Error);
      if (!isWorthWaiting || performance.now() > giveUpAtMs) throw error;
      await pause(RETRY_MS);
    }
  }
}

async function createAndCheck(admin: Admin, options: TopicOptions): Promise<void> {
  const {
    generation = 0,
    partitions,
    replicationFactor,
    keepAll = false,
    logRevision = FIRST_REVISION,
  } = options;
  const existing = new Set(await admin.listTopics());
  const names = options.names ?? (generation === 0 ? SHARED_TOPICS : [...SHARED_TOPICS, ...DERIVED_TOPICS]);
  const wanted = names.map((name) => ({ name, topic: topicInKafka(name, generation, logRevision) }));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, topic }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: configOf(name, replicationFactor, keepAll),
      })),
    });
  }
  if (options.anyCount) return;
  const topics = await describeTopics(
    admin,
    wanted.map(({ topic }) => topic),
  );
  const problems = topics
    .filter((topic) => topic.partitions.length !== partitions)
    .map(
      (topic) =>
        `Cannot use topic ${topic.name}: it has ${topic.partitions.length} partitions and CAIRN_PARTITIONS is ${partitions}; ` +
        `set CAIRN_PARTITIONS=${topic.partitions.length}`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
}

/** Partitions that a topic has. Throws UnavailableError where no broker answers. */
export async function countPartitions(admin: Admin, topic: string): Promise<number> {
  const [described] = await describeTopics(admin, [topic]);
  return described?.partitions.length ?? 0;
}

/** Where its last broker is gone at that moment, kafkajs has no answer and looks for the topics in it all the same. */
async function describeTopics(admin: Admin, names: string[]): Promise<readonly ITopicMetadata[]> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    return topics;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UnavailableError('Cannot look up topics: no broker answers', { cause });
  }
}

/**
 * Gives the derived topics of a generation the retention of the catalogue, or what some of them must be kept at least:
 * it has read what it needs.
 */
export async function applyRetention(
  admin: Admin,
  options: {
    generation: number;
    replicationFactor: number;
    keepMs?: Partial<Readonly<Record<TopicName, number>>>;
  },
): Promise<void> {
  await admin.alterConfigs({
    validateOnly: false,
    resources: DERIVED_TOPICS.map((name) => ({
      type: TOPIC_RESOURCE,
      name: topicInKafka(name, options.generation),
      configEntries: configOf(name, options.replicationFactor, false, options.keepMs?.[name]),
    })),
  });
}

/** All settings of a topic: Kafka's alterConfigs resets what it is not given. */
function configOf(
  name: TopicName,
  replicationFactor: number,
  keepAll: boolean,
  leastMs = 0,
): { name: string; value: string }[] {
  const { derived, cleanup, retentionMs, segmentMs } = TOPICS[name];
  const isKept = keepAll && derived;
  return [
    { name: 'cleanup.policy', value: isKept && cleanup === 'compact,delete' ? 'compact' : cleanup },
    { name: 'retention.ms', value: String(isKept || retentionMs < 0 ? -1 : Math.max(retentionMs, leastMs)) },
    { name: 'segment.ms', value: String(segmentMs) },
    { name: 'min.insync.replicas', value: String(Math.min(2, replicationFactor)) },
    { name: 'max.message.bytes', value: String(MAX_BATCH_BYTES) },
  ];
}
