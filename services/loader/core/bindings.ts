/** A binding of an anonymous id to an identity, as the merger published it. */
export type Binding = {
  readonly fromUserId: number;
  /** Canonical id of the identity. */
  readonly toUserId: number;
  /** Receive time of the identify. Epoch ms UTC. */
  readonly boundAtMs: number;
  /** `server` or a client source. */
  readonly source: string;
};

/** Why a binding does not count; empty where it does. */
export type Reason = '' | 'canonical_id' | 'limit_of_10_in_30_days';

export type Verdict = { readonly binding: Binding; readonly counts: boolean; readonly reason: Reason };

const LIMIT = 10;
const WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Which bindings of one environment count. A pure function of the set: any order of arrival gives the same answer.
 * Bindings of an identity are taken in (bound_at, from_user_id) order.
 *
 * - A `from` that is itself the canonical id of a known identity does not count: that hash is public, and
 *   whoever names it would take over its user.
 * - Of bindings by server identify, the eleventh within 30 days does not count (Heap's silent limit). Only
 *   bindings that count use the limit up; client bindings neither obey nor use it.
 *
 * The bindings of an identity must all be there, or none. Verdicts come in the order of the input.
 */
export function countBindings(
  bindings: readonly Binding[],
  canonicalIds: ReadonlySet<number>,
): readonly Verdict[] {
  const byIdentity = new Map<number, Binding[]>();
  for (const binding of bindings) {
    const own = byIdentity.get(binding.toUserId);
    if (own === undefined) byIdentity.set(binding.toUserId, [binding]);
    else own.push(binding);
  }
  const reasons = new Map<Binding, Reason>();
  for (const own of byIdentity.values()) judge(own, canonicalIds, reasons);
  return bindings.map((binding) => {
    const reason = reasons.get(binding) ?? '';
    return { binding, counts: reason === '', reason };
  });
}

function judge(bindings: Binding[], canonicalIds: ReadonlySet<number>, reasons: Map<Binding, Reason>): void {
  bindings.sort((a, b) => a.boundAtMs - b.boundAtMs || a.fromUserId - b.fromUserId);
  // Times of the last ten server bindings that counted.
  const recent: number[] = [];
  for (const binding of bindings) {
    if (canonicalIds.has(binding.fromUserId)) {
      reasons.set(binding, 'canonical_id');
      continue;
    }
    if (binding.source !== 'server') continue;
    const tenth = recent.length < LIMIT ? undefined : recent[0];
    if (tenth !== undefined && binding.boundAtMs - tenth < WINDOW_MS) {
      reasons.set(binding, 'limit_of_10_in_30_days');
      continue;
    }
    recent.push(binding.boundAtMs);
    if (recent.length > LIMIT) recent.shift();
  }
}
