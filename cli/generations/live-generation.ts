import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { clickHouseFailure } from '../clickhouse-access.ts';

/** The generation a fresh installation starts with. */
export const FIRST_GENERATION = 1;

export type Switch = {
  readonly generation: number;
  /** When it was switched to last. Epoch ms UTC. */
  readonly switchedAtMs: number;
};

/** Error codes of a database without Cairn's tables. */
const NOT_THERE = new Set(['60', '81']);

/** Generations that readers have seen and that were not dropped, the live one first. Empty before the first loader. */
export async function readSwitches(clickhouse: ClickHouseClient): Promise<readonly Switch[]> {
  try {
    const answer = await clickhouse.query({
      query: `SELECT g AS generation, toUnixTimestamp64Milli(max(switched_at)) AS switchedAtMs
FROM cairn.live GROUP BY g ORDER BY max(switched_at) DESC`,
      format: 'JSONEachRow',
    });
    return await answer.json<Switch>();
  } catch (error) {
    if (error instanceof ClickHouseError && NOT_THERE.has(error.code)) return [];
    throw clickHouseFailure(error);
  }
}
