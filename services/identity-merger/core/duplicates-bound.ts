import type { MergerOptions } from './processor.ts';

/** Bounds of what a merger remembers, and what it holds under them: as it commits them, of one partition or of several. */
export type DuplicatesBound = {
  readonly windowMs: number;
  /** Most ids that are remembered; 0 = as many as the window has, since a store takes what memory has no room for. */
  readonly maxIds: number;
  readonly idsInMemory: number;
  readonly idsOnDisk: number;
  readonly bytesOnDisk: number;
  /** Whether ids within the window are being forgotten, since there are too many. */
  readonly isFull: boolean;
};

type Facts = Readonly<Record<string, number>>;

/** The bound in some partitions together, of the facts that each commits; undefined where none has said it yet. */
export function duplicatesBoundOf(facts: readonly (Facts | undefined)[]): DuplicatesBound | undefined {
  const known = facts.filter((one): one is Facts => one?.['duplicates_window_ms'] !== undefined);
  if (known.length === 0) return undefined;
  const sum = (name: string) => known.reduce((total, one) => total + (one[name] ?? 0), 0);
  return {
    windowMs: Math.min(...known.map((one) => one['duplicates_window_ms'] ?? 0)),
    maxIds: sum('duplicates_max_ids'),
    idsInMemory: sum('duplicates_ids_in_memory'),
    idsOnDisk: sum('duplicates_ids_on_disk'),
    bytesOnDisk: sum('duplicates_bytes_on_disk'),
    isFull: known.some(
      (one) =>
        (one['duplicates_max_ids'] ?? 0) > 0 && one['duplicates_ids_in_memory'] === one['duplicates_max_ids'],
    ),
  };
}

/** Options of a merger that remembers in memory what the one with these facts of a partition does. */
export function remembersAs(facts: Facts | undefined, partitions: number): Partial<MergerOptions> {
  const bound = duplicatesBoundOf([facts]);
  if (bound === undefined) return {};
  const { windowMs, maxIds } = bound;
  return maxIds === 0 ? { windowMs, overflows: true } : { windowMs, maxIds: maxIds * partitions };
}
