import type { FinalRow } from '#queries/final-rows.ts';
import { recordKey, sessionKey } from '#schemas/ids.ts';

/** One partition of a compacted topic, folded: what its readers must have. */
export type FoldedPartition = {
  readonly partition: number;
  /** First offset still in the log, and the offset after the last that was read. */
  readonly start: bigint;
  readonly end: bigint;
  /** Offset of the last record of each key (hex) that has a value. */
  readonly lastOffsets: ReadonlyMap<string, bigint>;
  /** Keys whose record a reader rejected. */
  readonly rejected: ReadonlySet<string>;
};

export type FinalRowsResult = {
  readonly topic: string;
  /** Keys in the topic, and rows in ClickHouse. */
  readonly keys: number;
  readonly rows: number;
  /** Keys without a row. */
  readonly missing: number;
  /** Rows that are not from the key's last record. */
  readonly stale: number;
  /** Rows from a part of the log that has no such key. */
  readonly surplus: number;
};

/** Key of a row's record, as hex. */
export function keyOfRow({ environment, device_id, session_id, opened_at }: FinalRow): string {
  const key =
    session_id === 0
      ? recordKey(environment, device_id)
      : sessionKey(environment, device_id, session_id, opened_at);
  return key.toString('hex');
}

/**
 * Compares a compacted topic with the rows made from it, key by key. A row from beyond the part that was read
 * is newer than the comparison, and one from before the log's start has aged out of it: both are right.
 */
export function compareFinalRows(
  topic: string,
  partitions: readonly FoldedPartition[],
  rows: readonly FinalRow[],
): FinalRowsResult {
  const byPartition = new Map(partitions.map((folded) => [folded.partition, folded]));
  const seen = new Set<string>();
  let stale = 0;
  let surplus = 0;
  for (const row of rows) {
    const folded = byPartition.get(row.partition);
    const key = keyOfRow(row);
    const last = folded?.lastOffsets.get(key);
    const offset = BigInt(row.offset);
    if (last !== undefined) {
      seen.add(`${row.partition} ${key}`);
      if (offset !== last && offset < (folded as FoldedPartition).end && !folded?.rejected.has(key))
        stale += 1;
    } else if (folded === undefined || (offset >= folded.start && offset < folded.end)) {
      surplus += 1;
    }
  }
  let keys = 0;
  let missing = 0;
  for (const { partition, lastOffsets, rejected } of partitions) {
    keys += lastOffsets.size;
    for (const key of lastOffsets.keys()) {
      if (!seen.has(`${partition} ${key}`) && !rejected.has(key)) missing += 1;
    }
  }
  return { topic, keys, rows: rows.length, missing, stale, surplus };
}

/** What is wrong, in words; empty where nothing is. */
export function finalRowsProblems({ topic, missing, stale, surplus }: FinalRowsResult): string[] {
  return [
    ...(missing > 0 ? [`${topic}: ${missing} keys have no row in ClickHouse`] : []),
    ...(stale > 0 ? [`${topic}: ${stale} rows are not the last version`] : []),
    ...(surplus > 0 ? [`${topic}: ${surplus} rows have no key in the topic`] : []),
  ];
}
