import type { IHeaders } from 'kafkajs';

/**
 * What a record carries that was put back from a dead letter. It speaks to one generation, the one that refused the
 * record: every other reads the record itself, where it stands in the log, and must not take it twice.
 */
export type Retry = {
  /** Place of the first dead letter of the record in events.rejected, as `partition:offset`. */
  readonly letter: string;
  readonly generation: number;
};

export const RETRY_HEADERS = { letter: 'retry_of', generation: 'retry_generation' } as const;

/** Retry that a record's headers tell of; undefined on a record that was not put back. */
export function readRetry(headers: IHeaders | undefined): Retry | undefined {
  const letter = headers?.[RETRY_HEADERS.letter];
  const generation = headers?.[RETRY_HEADERS.generation];
  if (letter === undefined || generation === undefined) return undefined;
  return { letter: String(letter), generation: Number(generation) };
}

export function retryHeaders({ letter, generation }: Retry): IHeaders {
  return { [RETRY_HEADERS.letter]: letter, [RETRY_HEADERS.generation]: String(generation) };
}

/** Counter of offsets of the log that hold no record: markers of the transactions that put records back. */
export const MARKER_PASSED = 'marker.passed';

/** Counters of records that were put back: in `<kind>.<outcome>` form, of a kind that is no input of its own. */
export const RETRY_TAKEN = 'retry.taken';
export const RETRY_OF_OTHERS = 'retry.other_generation';
