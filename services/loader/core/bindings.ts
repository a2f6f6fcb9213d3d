import type { IdentifyLimit } from '#lib/config/environments.ts';
import { type LimitReason, limitReason, UsedLimit } from './binding-limit.ts';

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
export type Reason = '' | 'canonical_id' | LimitReason;

export type Verdict = { readonly binding: Binding; readonly counts: boolean; readonly reason: Reason };

/** The order in which the bindings of an identity are judged. */
export function inOrder(left: Binding, right: Binding): number {
  return left.boundAtMs - right.boundAtMs || left.fromUserId - right.fromUserId;
}

/**
 * Which bindings of one environment count. A pure function of the set and the limit: any order of arrival gives
 * the same answer. Bindings of an identity are taken in (bound_at, from_user_id) order.
 *
 * - A `from` that is itself the canonical id of a known identity does not count: that hash is public, and
 *   whoever names it would take over its user.
 * - Of bindings by server identify, those beyond the limit (Heap: the eleventh within 30 days) do not count. Only
 *   bindings that count use the limit up; client bindings neither obey nor use it.
 *
 * The bindings of an identity must all be there, or none. Verdicts come in the order of the input.
 */
export function countBindings(
  bindings: readonly Binding[],
  canonicalIds: ReadonlySet<number>,
  limit: IdentifyLimit | null,
): readonly Verdict[] {
  const byIdentity = new Map<number, Binding[]>();
  for (const binding of bindings) {
    const own = byIdentity.get(binding.toUserId);
    if (own === undefined) byIdentity.set(binding.toUserId, [binding]);
    else own.push(binding);
  }
  const reasons = new Map<Binding, Reason>();
  for (const own of byIdentity.values()) judge(own, canonicalIds, limit, reasons);
  return bindings.map((binding) => {
    const reason = reasons.get(binding) ?? '';
    return { binding, counts: reason === '', reason };
  });
}

function judge(
  bindings: Binding[],
  canonicalIds: ReadonlySet<number>,
  limit: IdentifyLimit | null,
  reasons: Map<Binding, Reason>,
): void {
  const used = limit === null ? undefined : new UsedLimit(limit);
  for (const binding of bindings.sort(inOrder)) {
    if (canonicalIds.has(binding.fromUserId)) reasons.set(binding, 'canonical_id');
    else if (binding.source === 'server' && limit !== null && used?.take(binding.boundAtMs) === false)
      reasons.set(binding, limitReason(limit));
  }
}
