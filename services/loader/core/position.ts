import { InvariantError } from '#lib/errors.ts';

/** Offsets of a partition's records, both inclusive. */
export type Range = { readonly first: bigint; readonly last: bigint };

/**
 * Where the loader is in a partition: all of it is one offset commit, so no crash can part it.
 *
 *   ... loaded ...|-- intent --|... not planned yet ...
 *                 ^ next
 */
export type Position = {
  /** Offset of the first record that is not known to be in ClickHouse. */
  readonly next: bigint;
  /** The range whose insert was announced and not confirmed: it may be in ClickHouse, in part or whole. */
  readonly intent: Range | undefined;
  /** Largest receive time seen. Epoch ms UTC. */
  readonly streamTimeMs: number;
  /** Outcomes of all records before `next`, as `<kind>.<outcome>`. */
  readonly counts: Readonly<Record<string, number>>;
};

export const START: Position = { next: 0n, intent: undefined, streamTimeMs: 0, counts: {} };

/** Offset-commit metadata of a position. */
export function formatMetadata({ intent, streamTimeMs, counts }: Position): string {
  const range = intent && { first: String(intent.first), last: String(intent.last) };
  return JSON.stringify({ streamTime: streamTimeMs, counts, intent: range });
}

/** Position of a committed offset (-1 = none yet) and its metadata. Throws InvariantError where it is not ours. */
export function readPosition(offset: string, metadata: string | null): Position {
  if (BigInt(offset) < 0n) return START;
  if (metadata === null || metadata === '') return { ...START, next: BigInt(offset) };
  try {
    const { streamTime, counts, intent } = JSON.parse(metadata) as {
      streamTime: number;
      counts: Record<string, number>;
      intent?: { first: string; last: string };
    };
    return {
      next: BigInt(offset),
      intent: intent && { first: BigInt(intent.first), last: BigInt(intent.last) },
      streamTimeMs: streamTime,
      counts,
    };
  } catch (cause) {
    throw new InvariantError(
      `Cannot read the metadata of a committed offset: ${(cause as Error).message}, current value is ${metadata}`,
      { cause },
    );
  }
}

/** The position after a range was loaded. */
export function advance(
  position: Position,
  range: Range,
  outcomes: ReadonlyMap<string, number>,
  streamTimeMs: number,
): Position {
  const counts: Record<string, number> = { ...position.counts };
  for (const [outcome, count] of outcomes) counts[outcome] = (counts[outcome] ?? 0) + count;
  return {
    next: range.last + 1n,
    intent: undefined,
    streamTimeMs: Math.max(position.streamTimeMs, streamTimeMs),
    counts,
  };
}

/** Deduplication token of the insert of a range into a table: the same range always has the same one. */
export function tokenOf(
  generation: number,
  topic: string,
  partition: number,
  range: Range,
  table: string,
): string {
  return `${generation}:${topic}:${partition}:${range.first}-${range.last}:${table}`;
}
