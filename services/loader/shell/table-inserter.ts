import { type ClickHouse, isBadRows } from '#lib/clickhouse/client.ts';
import type { Refusal, TableRows } from '../core/chunk-rows.ts';
import { INSERT_SETTINGS, insertSql, trialInsertSql } from '../core/columns.ts';

/**
 * Inserts the rows of one table as one block under a token. Rows that ClickHouse does not take are found by trial
 * (nothing is stored by it), left out and returned; the others go in under the same token. A repeat finds the
 * same rows refused, so the token still stands for the same content.
 */
export async function insertRows(
  clickHouse: ClickHouse,
  { table, block, records }: TableRows,
  token: string,
): Promise<readonly Refusal[]> {
  const settings = { ...INSERT_SETTINGS, insert_deduplication_token: token };
  try {
    await clickHouse.insert(insertSql(table), block.content(), settings);
    return [];
  } catch (error) {
    if (!isBadRows(error)) throw error;
  }
  const refused = new Map<number, string>();
  const all = records.map((_, row) => row);
  const pending = [all];
  for (let rows = pending.pop(); rows !== undefined; rows = pending.pop()) {
    try {
      await clickHouse.insert(trialInsertSql(table), block.select(rows), INSERT_SETTINGS);
    } catch (error) {
      if (!isBadRows(error)) throw error;
      const middle = rows.length >> 1;
      if (rows.length === 1) refused.set(rows[0]!, error.message);
      else pending.push(rows.slice(0, middle), rows.slice(middle));
    }
  }
  const good = all.filter((row) => !refused.has(row));
  if (good.length > 0) await clickHouse.insert(insertSql(table), block.select(good), settings);
  return [...refused].map(([row, message]) => ({
    record: records[row]!,
    code: 'refused_by_clickhouse',
    message,
    kind: '',
  }));
}
