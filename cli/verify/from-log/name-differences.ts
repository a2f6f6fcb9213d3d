import type { ClickHouseClient } from '@clickhouse/client';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { ROW_TABLES, type RowTable, rowsQuery, type StoredRow } from '#queries/stored-rows.ts';
import { ask } from '../../clickhouse-access.ts';
import { compareRows } from './compare-rows.ts';
import type { Findings } from './findings.ts';
import { rowsByTable } from './fold-log.ts';
import { type FoldOptions, PartitionFold } from './partition-fold.ts';
import { RANGE_SIZE } from './range-checksums.ts';
import { readRecords, type Stretch } from './read-records.ts';
import { rowValues } from './row-text.ts';

/** Ranges of offsets whose checksums differ, by table, in order. */
export type DifferingRanges = Readonly<Record<RowTable, readonly number[]>>;

/**
 * Folds a partition once more, as far as needed, and names the rows that differ: checksums only tell the ranges
 * they are in. Stops where enough is named. Returns how many ranges were not looked into.
 */
export async function nameDifferences(
  at: {
    reader: PartitionReader;
    clickhouse: ClickHouseClient;
    stretch: Stretch;
    options: FoldOptions;
    findings: Findings;
  },
  ranges: DifferingRanges,
): Promise<number> {
  const { reader, clickhouse, stretch, options, findings } = at;
  const rowsOf = new Map<string, Map<number, readonly string[]>>();
  const waiting = ROW_TABLES.flatMap((table) => ranges[table].map((range) => ({ table, range }))).sort(
    (left, right) => left.range - right.range,
  );
  for (const { table, range } of waiting) rowsOf.set(`${table} ${range}`, new Map());
  let unread = 0;

  async function compareBefore(offset: number): Promise<void> {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const { table, range } = next;
      if ((range + 1) * RANGE_SIZE > offset) return;
      waiting.shift();
      const rows = rowsOf.get(`${table} ${range}`) ?? new Map();
      rowsOf.delete(`${table} ${range}`);
      if (findings.isFull(table)) {
        unread += 1;
        continue;
      }
      const to = BigInt((range + 1) * RANGE_SIZE);
      const query = rowsQuery(table, {
        generation: options.generation,
        partition: options.partition,
        from: BigInt(range * RANGE_SIZE),
        to: to < stretch.to ? to : stretch.to,
      });
      const found = await ask<StoredRow>(clickhouse, query);
      const different = compareRows(table, options.partition, rows, found);
      findings.add(table, { compared: 0, different });
    }
  }

  const fold = new PartitionFold(options);
  for await (const records of readRecords(reader, stretch)) {
    const rows = rowsByTable(fold.add(records));
    for (const table of ROW_TABLES) {
      for (const { offset, record } of rows[table])
        rowsOf.get(`${table} ${Math.floor(offset / RANGE_SIZE)}`)?.set(offset, rowValues(table, record));
    }
    await compareBefore(Number(records.at(-1)?.offset ?? 0n));
    if (waiting.every(({ table }) => findings.isFull(table))) break;
  }
  if (waiting.some(({ table }) => !findings.isFull(table))) await compareBefore(Number.POSITIVE_INFINITY);
  return unread + waiting.length;
}
