import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { InvariantError } from '#lib/errors.ts';
import type { LoadRecord, Refusal, TableRows } from '../core/chunk-rows.ts';
import { INSERT_SETTINGS, insertSql, REPEAT_SETTINGS } from '../core/columns.ts';
import type { Range } from '../core/position.ts';
import { DEVICE_SOURCES, repeatDevicesSql, rowsOfRange } from '../core/storage-sql.ts';

const MOST_ATTEMPTS = 10;

export type RepeatedInsert = {
  readonly generation: number;
  readonly partition: number;
  readonly range: Range;
  readonly token: string;
  /** Rows that ClickHouse did not take. */
  readonly refused: readonly Refusal[];
};

/**
 * Completes an insert that was made more than once, because ClickHouse gave no answer or a loader died: makes sure
 * of every row, and gives the number of those that were missing.
 *
 * ClickHouse writes a token into its log just before the part is there. Where it dies between the two, it takes
 * the repeated insert for done, and the part is in no table: of the table itself, or of one that a view fills.
 */
export async function mendInsert(
  clickHouse: ClickHouse,
  rows: TableRows,
  { generation, partition, range, token, refused }: RepeatedInsert,
): Promise<number> {
  const { table, block, records } = rows;
  const bad = new Set(refused.map(({ record }) => record));
  const good = records.flatMap((record, row) => (bad.has(record) ? [] : [row]));
  if (good.length === 0) return 0;
  const insert = (chosen: readonly number[], settings: Readonly<Record<string, string | number>>) =>
    clickHouse.insert(insertSql(table), block.select(chosen), { ...INSERT_SETTINGS, ...settings });
  // Of rows of one key only the newest is kept: all of them once more change nothing.
  if (table.table === 'sessions') {
    await insert(good, REPEAT_SETTINGS);
    return 0;
  }
  const where = rowsOfRange(generation, partition, range);
  let mended = 0;
  for (let attempt = 1; ; attempt += 1) {
    const there = await keysOfRows(clickHouse, table.table, where);
    const missing = good.filter((row) => !there.has(keyOfRecord(records[row] as LoadRecord)));
    if (missing.length === 0) break;
    if (attempt > MOST_ATTEMPTS)
      throw new InvariantError(
        `Cannot complete an insert into cairn.${table.table}: ${missing.length} rows of ${token} are still missing`,
      );
    // A token again: another loader may be at it too, not knowing that it was put out of the group.
    await insert(missing, { insert_deduplication_token: `${token}:${attempt}` });
    mended += missing.length;
  }
  if (DEVICE_SOURCES.has(table.table))
    await clickHouse.command(repeatDevicesSql(table.table, where), REPEAT_SETTINGS);
  return mended;
}

/** The origin too: rows that a replay copied have the offsets of another topic. */
const keyOfRecord = ({ offset, originPartition, originOffset }: LoadRecord) =>
  `${offset} ${originPartition} ${originOffset}`;

async function keysOfRows(clickHouse: ClickHouse, table: string, where: string): Promise<Set<string>> {
  const rows = await clickHouse.query<{ key: string }>(
    `SELECT concat(toString(\`_offset\`), ' ', toString(origin_partition), ' ', toString(origin_offset)) AS key
FROM cairn.${table} WHERE ${where}`,
  );
  return new Set(rows.map(({ key }) => key));
}
