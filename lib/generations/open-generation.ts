import type { Admin } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { countPartitions, ensureTopics } from '#lib/kafka/ensure-topics.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { DERIVED_TOPICS, logInKafka } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';
import { revisionOf } from './log-revision.ts';
import { type InstallationOptions, openInstallation } from './open-installation.ts';

export type OpenGeneration = {
  /** What was written down of it; undefined where nothing was. */
  readonly known: Generation | undefined;
  /** Revision of the log that it reads. */
  readonly logRevision: number;
  /** Partitions of that revision and of its own topics. */
  readonly partitions: number;
};

/**
 * Topics for a stage of a generation, and what it is. Throws ConfigError, with no topic of its own made, where the
 * generation was dropped: its topics and rows are gone for good.
 */
export async function openGeneration(
  admin: Admin,
  reader: PartitionReader,
  options: InstallationOptions & { readonly generation: number },
): Promise<OpenGeneration> {
  const { generation, replicationFactor } = options;
  const { known } = await openInstallation(admin, reader, options);
  const own = known.get(generation);
  if (own !== undefined && own.dropped_at !== 0) {
    throw new ConfigError([
      `Cannot run generation ${generation}: it was dropped at ${new Date(own.dropped_at).toISOString()}; ` +
        'set CAIRN_GENERATION to the live one, which cairn generations shows',
    ]);
  }
  const logRevision = revisionOf(known, generation);
  const partitions = own?.log_partitions || (await countPartitions(admin, logInKafka(logRevision)));
  await ensureTopics(admin, { generation, partitions, replicationFactor, names: DERIVED_TOPICS });
  return { known: own, logRevision, partitions };
}
