import { FIRST_REVISION } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';

type Known = ReadonlyMap<number, Generation>;

/** Revision of the log that a generation reads. It never changes: what nobody wrote down reads the first. */
export function revisionOf(known: Known, generation: number): number {
  return known.get(generation)?.log_revision ?? FIRST_REVISION;
}

/** The revision that collectors write to: the newest that was opened, whether its generation is still there or not. */
export function currentRevision(known: Known): number {
  const opened = [...known.values()].filter(({ log_opened_at }) => log_opened_at !== 0);
  return Math.max(FIRST_REVISION, ...opened.map(({ log_revision }) => log_revision));
}

/** Whether the current revision is sealed and the next one is not open yet, or is about to be. */
export function isMoving(known: Known): boolean {
  const current = currentRevision(known);
  return [...known.values()].some(
    ({ log_revision, log_sealed_at, dropped_at }) =>
      log_revision > current && log_sealed_at !== 0 && dropped_at === 0,
  );
}

/** Whether numbers of partitions are written down, so that CAIRN_PARTITIONS says nothing any more. */
export function isCountRecorded(known: Known): boolean {
  return [...known.values()].some(({ log_partitions }) => log_partitions !== 0);
}

/** A revision that no generation has or had. */
export function nextRevision(known: Known): number {
  return Math.max(FIRST_REVISION, ...[...known.values()].map(({ log_revision }) => log_revision)) + 1;
}
