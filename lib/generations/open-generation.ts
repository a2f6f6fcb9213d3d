import type { Admin } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { ensureTopics, type TopicOptions } from '#lib/kafka/ensure-topics.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { Generation } from '#schemas/types.ts';
import { readGenerations } from './known-generations.ts';

/**
 * Topics for a stage of a generation, and what was written down of it; undefined where nothing was. Throws
 * ConfigError, with no topic made, where the generation was dropped: its topics and rows are gone for good.
 */
export async function openGeneration(
  admin: Admin,
  reader: PartitionReader,
  options: TopicOptions & { readonly generation: number },
): Promise<Generation | undefined> {
  const { generation, partitions, replicationFactor } = options;
  await ensureTopics(admin, { partitions, replicationFactor });
  const known = await readGenerations(reader);
  const own = known.get(generation);
  if (own !== undefined && own.dropped_at !== 0) {
    throw new ConfigError([
      `Cannot run generation ${generation}: it was dropped at ${new Date(own.dropped_at).toISOString()}; ` +
        'set CAIRN_GENERATION to the live one, which cairn generations shows',
    ]);
  }
  await ensureTopics(admin, options);
  return own;
}
