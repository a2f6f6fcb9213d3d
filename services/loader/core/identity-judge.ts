import type { IdentifyLimit } from '#lib/config/environments.ts';
import { limitReason, UsedLimit } from './binding-limit.ts';
import { type Binding, inOrder, type Reason } from './bindings.ts';

/** A server binding with the verdict it has in the table. */
export type JudgedBinding = Binding & { readonly reason: string };

export type NewVerdict = { readonly binding: Binding; readonly reason: Reason };

/**
 * Judges one identity again after some of its server bindings are new, or became canonical ids, from the first of
 * those on: what was before them cannot change. The bindings in the table are taken page by page, in order, and the
 * end is reached where the limit is used as the table has it: from there on it has the right verdicts.
 */
export class IdentityJudge {
  readonly #limit: IdentifyLimit | null;
  /** What the limit is used by, and what by the verdicts in the table. */
  readonly #used: UsedLimit | undefined;
  readonly #usedBefore: UsedLimit | undefined;
  /** In order. */
  readonly #changes: readonly Binding[];
  /** Index of the first change that is not judged yet. */
  #next = 0;
  readonly #isChange: ReadonlySet<number>;
  readonly #canonicalIds: ReadonlySet<number>;

  /**
   * `counted`: times, in order, of the bindings that count and came before the first change. `canonicalIds` knows all
   * changes; of any other binding the table does.
   */
  constructor(options: {
    limit: IdentifyLimit | null;
    counted: readonly number[];
    changes: readonly Binding[];
    canonicalIds: ReadonlySet<number>;
  }) {
    this.#limit = options.limit;
    if (options.limit !== null) {
      this.#used = new UsedLimit(options.limit, options.counted);
      this.#usedBefore = new UsedLimit(options.limit, options.counted);
    }
    this.#changes = options.changes.toSorted(inOrder);
    this.#isChange = new Set(options.changes.map(({ fromUserId }) => fromUserId));
    this.#canonicalIds = options.canonicalIds;
  }

  /** Whether nothing that comes after can get another verdict. */
  get isSettled(): boolean {
    const [used, before] = [this.#used, this.#usedBefore];
    return (
      this.#next === this.#changes.length &&
      (used === undefined || before === undefined || used.equals(before))
    );
  }

  /** Takes the next bindings of the table, and gives the verdict of each change up to there, and those that change. */
  take(page: readonly JudgedBinding[], isLast: boolean): NewVerdict[] {
    const verdicts: NewVerdict[] = [];
    const judge = (binding: Binding, before: string | undefined) => {
      const reason = this.#reasonOf(binding, before);
      if (before === '') this.#usedBefore?.note(binding.boundAtMs);
      if (this.#isChange.has(binding.fromUserId) || reason !== before) verdicts.push({ binding, reason });
    };
    const judgeUntil = (isDue: (change: Binding) => boolean, stored?: JudgedBinding) => {
      for (; this.#next < this.#changes.length; this.#next += 1) {
        const change = this.#changes[this.#next] as Binding;
        if (!isDue(change)) return;
        if (change.fromUserId !== stored?.fromUserId) judge(change, undefined);
      }
    };
    for (const stored of page) {
      judgeUntil((change) => inOrder(change, stored) <= 0, stored);
      judge(stored, stored.reason);
    }
    if (isLast) judgeUntil(() => true);
    return verdicts;
  }

  #reasonOf({ fromUserId, boundAtMs }: Binding, before: string | undefined): Reason {
    const isKnown = this.#isChange.has(fromUserId);
    if (isKnown ? this.#canonicalIds.has(fromUserId) : before === 'canonical_id') return 'canonical_id';
    if (this.#limit === null || this.#used === undefined || this.#used.take(boundAtMs)) return '';
    return limitReason(this.#limit);
  }
}
