import { type FunnelUserRow, funnelUsersQuery } from '../funnel.ts';
import type { Ask } from '../query.ts';
import type { FunnelQuestion } from '../questions.ts';
import { isoTime } from './iso-time.ts';

/** Who did a step of a funnel and not the next one. */
export type LostUsers = {
  /** Number of the last step that they did. */
  readonly after: number;
  /** Those lost last first. */
  readonly list: readonly {
    /** null where accounts are counted. */
    readonly userId: number | null;
    readonly identity: string | null;
    /** null where anything else is counted. */
    readonly account: string | null;
    /** null where anything else than sessions is counted. */
    readonly sessionId: number | null;
    /** First and last event of the best attempt. */
    readonly started: string | null;
    readonly lastStep: string | null;
  }[];
};

/** Asks for some of those whom a funnel lost after a step. Throws RangeError where there is no such step. */
export async function askLostUsers(
  ask: Ask,
  question: FunnelQuestion,
  after: number,
  limit: number,
): Promise<LostUsers> {
  const rows = await ask<FunnelUserRow>(funnelUsersQuery(question, { reached: after, lost: true }, limit));
  return {
    after,
    list: rows.map(({ user_id, identity, account, session_id, startedMs, reachedMs }) => ({
      userId: user_id,
      identity,
      account,
      sessionId: session_id,
      started: isoTime(startedMs),
      lastStep: isoTime(reachedMs),
    })),
  };
}
