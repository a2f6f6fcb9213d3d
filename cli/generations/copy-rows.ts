import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Generation } from '#schemas/types.ts';
import { columnsOf, STORED_TABLES } from '../../services/loader/core/columns.ts';
import { HAS_COPIES } from '../../services/loader/core/start-check.ts';
import { clickHouseFailure } from '../clickhouse-access.ts';
import { waitUntilLoaded } from '../verify/wait-until-loaded.ts';
import type { Workplace } from './open-workplace.ts';

type CopiedTable = 'events' | 'user_properties' | 'account_properties';

/**
 * Copies the rows of events and property changes that were received before the generation's time, exactly once:
 * what an interrupted copy has left is removed first, and its query, should it still run, is ended. The loader of
 * the generation inserts later ones alone, so the two never overlap.
 */
export async function copyRows(
  { clickhouse, kafka }: Workplace,
  { generation, copied_from, copied_before }: Generation,
  options: { timeoutMs: number; progress: (text: string) => void },
): Promise<void> {
  const { progress, timeoutMs } = options;
  // What was received before then must be there to be copied.
  await waitUntilLoaded({ kafka, generation: copied_from, timeoutMs, progress });
  const older = `received_at < fromUnixTimestamp64Milli(${copied_before})`;
  for (const table of HAS_COPIES as readonly CopiedTable[]) {
    const copy = `cairn-copy-g${generation}-${table}`;
    await run(clickhouse, `KILL QUERY WHERE startsWith(query_id, '${copy}') SYNC`);
    await run(
      clickhouse,
      `ALTER TABLE cairn.${table} DELETE WHERE generation = ${generation} AND ${older} SETTINGS mutations_sync = 2`,
    );
    progress(`Copying rows of ${table} from generation ${copied_from}`);
    const columns = columnsOf(STORED_TABLES[table]).map(({ name }) => `\`${name}\``);
    const values = columns.map((name) => (name === '`generation`' ? String(generation) : name));
    await run(
      clickhouse,
      `INSERT INTO cairn.${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM cairn.${table}
WHERE generation = ${copied_from} AND ${older}
SETTINGS max_partitions_per_insert_block = 0, insert_deduplicate = 0`,
      `${copy}-${randomUUID()}`,
    );
  }
}

async function run(clickhouse: ClickHouseClient, query: string, query_id?: string): Promise<void> {
  try {
    await clickhouse.command({ query, ...(query_id === undefined ? {} : { query_id }) });
  } catch (error) {
    throw clickHouseFailure(error);
  }
}
