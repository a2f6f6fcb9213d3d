import type { Range } from './position.ts';

/** A record as far as cutting a batch into inserts needs it. */
export type Sized = { readonly offset: bigint; readonly bytes: number };

export type Limits = { readonly rows: number; readonly bytes: number };

/**
 * Records of one insert. `announced` says that its range is an intent already committed: it is inserted exactly so.
 */
export type Chunk<R> = { readonly range: Range; readonly records: readonly R[]; readonly announced: boolean };

export type Plan<R> = {
  readonly chunks: readonly Chunk<R>[];
  /** Records of an announced range whose end has not been read yet: they come first in the next plan. */
  readonly waiting: readonly R[];
};

/**
 * Cuts the records read from a partition into inserts. How they relate to the committed position:
 *
 *   no intent        next|
 *                        [ chunk ][ chunk ][ rest ]
 *
 *   intent           next|--intent--|
 *   covered              [ announced ][ chunk ][ rest ]
 *
 *   intent           next|--intent--|
 *   not yet covered      [ waiting ]                     read on: the range must go in whole
 *
 *   read before      next|
 *                 [ drop ][ chunk ]                      a fetch may start below the position
 *
 * Offsets have gaps (control records, compaction), so the end of a range is known by the first record beyond it
 * or by the record at its end. Compaction may have taken records of an announced range, all of them even: its
 * token is used all the same, and what was inserted under it before stays.
 */
export function planChunks<R extends Sized>(
  next: bigint,
  intent: Range | undefined,
  read: readonly R[],
  limits: Limits,
): Plan<R> {
  const records = read.filter(({ offset }) => offset >= next);
  const chunks: Chunk<R>[] = [];
  let at = 0;
  if (intent !== undefined) {
    const beyond = records.findIndex(({ offset }) => offset > intent.last);
    const end = beyond === -1 ? records.length : beyond;
    const isWhole = beyond !== -1 || records.at(-1)?.offset === intent.last;
    if (!isWhole) return { chunks: [], waiting: records };
    chunks.push({ range: intent, records: records.slice(0, end), announced: true });
    at = end;
  }
  while (at < records.length) {
    let end = at;
    let bytes = 0;
    do {
      bytes += records[end]!.bytes;
      end += 1;
    } while (end < records.length && end - at < limits.rows && bytes + records[end]!.bytes <= limits.bytes);
    const range = { first: records[at]!.offset, last: records[end - 1]!.offset };
    chunks.push({ range, records: records.slice(at, end), announced: false });
    at = end;
  }
  return { chunks, waiting: [] };
}
