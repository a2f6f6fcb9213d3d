import type { Admin } from 'kafkajs';
import { countPartitions, ensureTopics } from '#lib/kafka/ensure-topics.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { Logger } from '#lib/service/logger.ts';
import { logInKafka, SHARED_TOPICS, type TopicName } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import { readGenerations } from './known-generations.ts';
import { currentRevision, isCountRecorded } from './log-revision.ts';

export type InstallationOptions = {
  /** CAIRN_PARTITIONS: partitions of a fresh installation. Once a replay has written down a number, that one counts. */
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly log: Logger;
};

export type Installation = {
  readonly known: ReadonlyMap<number, Generation>;
  /** The log that collectors write to. */
  readonly log: { readonly revision: number; readonly topic: string; readonly partitions: number };
};

const GENERATIONS: TopicName = 'generations';
const LOG: TopicName = 'events.collected';

/**
 * The topics that all generations share, made where they are missing, and what is written down. Throws ConfigError
 * where they have another number of partitions than CAIRN_PARTITIONS says and no replay has changed it.
 */
export async function openInstallation(
  admin: Admin,
  reader: PartitionReader,
  { partitions, replicationFactor, log }: InstallationOptions,
): Promise<Installation> {
  const isFresh = !(await admin.listTopics()).includes(GENERATIONS);
  const before = isFresh ? new Map<number, Generation>() : await readGenerations(reader);
  if (!isCountRecorded(before)) {
    await ensureTopics(admin, { partitions, replicationFactor });
    const known = isFresh ? await readGenerations(reader) : before;
    return { known, log: { revision: 1, topic: LOG, partitions } };
  }
  const revision = currentRevision(before);
  const topic = logInKafka(revision);
  const names = SHARED_TOPICS.filter((name) => name !== LOG || topic === LOG);
  await ensureTopics(admin, {
    partitions: await countPartitions(admin, GENERATIONS),
    replicationFactor,
    names,
    anyCount: true,
  });
  const count = await countPartitions(admin, topic);
  if (count !== partitions) {
    log.info(
      { topic, partitions: count, CAIRN_PARTITIONS: partitions },
      'the log has another number of partitions than CAIRN_PARTITIONS says, which counts for a fresh installation only',
    );
  }
  return { known: before, log: { revision, topic, partitions: count } };
}
