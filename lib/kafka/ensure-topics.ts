import type { Admin } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { MAX_BATCH_BYTES, TOPIC_NAMES, TOPICS, topicInKafka } from '#schemas/topics.ts';

/**
 * Creates the topics of a generation that do not exist yet. Safe to run from several services at once.
 * Throws ConfigError where a topic exists with another number of partitions: records would be looked for
 * in the wrong place.
 */
export async function ensureTopics(
  admin: Admin,
  options: { generation: number; partitions: number; replicationFactor: number },
): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const wanted = TOPIC_NAMES.map((name) => ({ name, topic: topicInKafka(name, options.generation) }));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0) {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ name, topic }) => ({
        topic,
        numPartitions: options.partitions,
        replicationFactor: options.replicationFactor,
        configEntries: [
          { name: 'cleanup.policy', value: TOPICS[name].cleanup },
          { name: 'retention.ms', value: String(TOPICS[name].retentionMs) },
          { name: 'segment.ms', value: String(TOPICS[name].segmentMs) },
          { name: 'min.insync.replicas', value: String(Math.min(2, options.replicationFactor)) },
          { name: 'max.message.bytes', value: String(MAX_BATCH_BYTES) },
        ],
      })),
    });
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) });
  const problems = topics
    .filter(({ partitions }) => partitions.length !== options.partitions)
    .map(
      ({ name, partitions }) =>
        `Cannot use topic ${name}: it has ${partitions.length} partitions and CAIRN_PARTITIONS is ${options.partitions}; ` +
        `set CAIRN_PARTITIONS=${partitions.length}`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
}
