import type { IdentifyLimit } from '#lib/config/environments.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Why a binding is over the limit. */
export type LimitReason = `limit_of_${number}_in_${number}_days`;

export function limitReason({ userIds, days }: IdentifyLimit): LimitReason {
  return `limit_of_${userIds}_in_${days}_days`;
}

/** Span of a limit: one that was bound exactly so long before does not stand in the way. */
export function limitWindowMs({ days }: IdentifyLimit): number {
  return days * DAY_MS;
}

/**
 * How much of the limit an identity has used, while its server bindings are gone through in (bound_at, from_user_id)
 * order. It holds the times of the last ones that counted, as many as the limit allows.
 */
export class UsedLimit {
  readonly #limit: IdentifyLimit;
  readonly #times: number[];

  /** Starts from the times, in order, of those that counted before. */
  constructor(limit: IdentifyLimit, counted: readonly number[] = []) {
    this.#limit = limit;
    this.#times = counted.slice(-limit.userIds);
  }

  /** Whether a binding of that time counts. One that does uses the limit up, one that does not leaves it. */
  take(boundAtMs: number): boolean {
    const { userIds } = this.#limit;
    const oldest = this.#times.length < userIds ? undefined : this.#times[0];
    if (oldest !== undefined && boundAtMs - oldest < limitWindowMs(this.#limit)) return false;
    this.note(boundAtMs);
    return true;
  }

  /** Notes a binding that counts. */
  note(boundAtMs: number): void {
    this.#times.push(boundAtMs);
    if (this.#times.length > this.#limit.userIds) this.#times.shift();
  }

  /** Whether all that comes after gets the same verdicts from both. */
  equals(other: UsedLimit): boolean {
    const [times, others] = [this.#times, other.#times];
    return times.length === others.length && times.every((time, at) => time === others[at]);
  }
}
