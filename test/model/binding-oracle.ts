/**
 * Which bindings count, said again from the specification alone. Source: docs/SEMANTICS.md (I-7), and Heap's limit
 * of ten user ids an identity in 30 days for the server's identify.
 */

import { DAY_MS } from './histories.ts';

export type ModelBinding = {
  readonly fromUserId: number;
  readonly toUserId: number;
  readonly boundAtMs: number;
  readonly source: string;
};

/** Why each binding of an environment does not count; empty where it does. `known`: ids that are canonical. */
export function verdictsOf<B extends ModelBinding>(
  all: readonly B[],
  known: ReadonlySet<number>,
): Map<B, string> {
  const verdicts = new Map<B, string>();
  for (const binding of all.toSorted((a, b) => a.boundAtMs - b.boundAtMs || a.fromUserId - b.fromUserId)) {
    // One that does not count itself uses up nothing of the limit, nor does a client's.
    const counting = [...verdicts.keys()]
      .filter((other) => other.toUserId === binding.toUserId && other.source === 'server')
      .filter((other) => verdicts.get(other) === '' && binding.boundAtMs - other.boundAtMs < 30 * DAY_MS);
    const isOver = binding.source === 'server' && counting.length >= 10;
    verdicts.set(
      binding,
      known.has(binding.fromUserId) ? 'canonical_id' : isOver ? 'limit_of_10_in_30_days' : '',
    );
  }
  return verdicts;
}
