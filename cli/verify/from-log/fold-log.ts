import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { ROW_TABLES, type RowTable } from '#queries/stored-rows.ts';
import { sessionName } from './compare-sessions.ts';
import { type FoldedRecords, type FoldOptions, type LogRow, PartitionFold } from './partition-fold.ts';
import { RangeChecksums } from './range-checksums.ts';
import { readRecords, type Stretch } from './read-records.ts';
import { rowText, rowValues } from './row-text.ts';

/** What is kept of a partition of the log once it is folded. */
export type FoldedPartition = {
  readonly fold: PartitionFold;
  readonly checksums: Readonly<Record<RowTable, RangeChecksums>>;
  /** Sessions that events are stored under, by sessionName(). */
  readonly storedSessions: ReadonlySet<string>;
  readonly bindings: number;
};

/** Rows of each table that a chunk of the log becomes. */
export function rowsByTable({
  events,
  userChanges,
  accountChanges,
}: FoldedRecords): Record<RowTable, readonly LogRow[]> {
  return { events, user_properties: userChanges, account_properties: accountChanges };
}

/** Folds a partition, handing on what each chunk became. `onFolded` counts records and the time they took. */
export async function foldLog(
  reader: PartitionReader,
  stretch: Stretch,
  options: FoldOptions,
  on: { chunk: (folded: FoldedRecords) => void; progress: (records: number, ms: number) => void },
): Promise<FoldedPartition> {
  const fold = new PartitionFold(options);
  const checksums = {
    events: new RangeChecksums(),
    user_properties: new RangeChecksums(),
    account_properties: new RangeChecksums(),
  };
  const storedSessions = new Set<string>();
  let bindings = 0;
  let sinceMs = performance.now();
  for await (const records of readRecords(reader, stretch)) {
    const folded = fold.add(records);
    const rows = rowsByTable(folded);
    for (const table of ROW_TABLES)
      for (const { offset, record } of rows[table])
        checksums[table].add(offset, rowText(offset, rowValues(table, record)));
    for (const { record } of folded.events) {
      if (record.session_id === 0) continue;
      storedSessions.add(sessionName(record));
    }
    bindings += folded.bindings.length;
    on.chunk(folded);
    const nowMs = performance.now();
    on.progress(records.length, nowMs - sinceMs);
    sinceMs = nowMs;
  }
  return { fold, checksums, storedSessions, bindings };
}
