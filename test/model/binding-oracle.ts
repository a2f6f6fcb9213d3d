/**
 * Which bindings count, said again from the specification alone. Source: docs/SEMANTICS.md (I-7), and Heap's limit
 * of ten user ids an identity in 30 days for the server's identify unless another limit is
 * set; null = none.
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
  limit: { userIds: number; days: number } | null = { userIds: 10, days: 30 },
): Map<B, string> {
  const isWithin = (ms: number) => limit !== null && ms < limit.days * DAY_MS;
  const verdicts = new Map<B, string>();
  for (const binding of all.toSorted((a, b) => a.boundAtMs - b.boundAtMs || a.fromUserId - b.fromUserId)) {
    // One that does not count itself uses up nothing of the limit, nor does a client's.
    const counting = [...verdicts.keys()]
      .filter((other) => other.toUserId === binding.toUserId && other.source === 'server')
      .filter((other) => verdicts.get(other) === '' && isWithin(binding.boundAtMs - other.boundAtMs));
    const isOver = limit !== null && binding.source === 'server' && counting.length >= limit.userIds;
    verdicts.set(
      binding,
      known.has(binding.fromUserId)
        ? 'canonical_id'
        : isOver
          ? `limit_of_${limit.userIds}_in_${limit.days}_days`
          : '',
    );
  }
  return verdicts;
}
