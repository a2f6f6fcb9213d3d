import { applyRetention } from '#lib/kafka/ensure-topics.ts';
import { clickHouseFailure } from '../clickhouse-access.ts';
import type { Workplace } from './open-workplace.ts';

/**
 * Makes a generation the one that readers see, by one row: a query that has begun goes on with the old one, the
 * next sees the new one. From then on its topics are kept as long as the catalogue says.
 */
export async function switchGeneration(
  { clickhouse, kafka, replicationFactor }: Workplace,
  generation: number,
): Promise<void> {
  try {
    // Later than any switch before, whatever the server's clock says.
    await clickhouse.command({
      query: `INSERT INTO cairn.live SELECT ${generation}, greatest(now64(6), max(switched_at) + toIntervalMicrosecond(1)) FROM cairn.live`,
    });
  } catch (error) {
    throw clickHouseFailure(error);
  }
  await applyRetention(kafka.admin, { generation, replicationFactor });
}
