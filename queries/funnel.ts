import type { GroupKey } from './answers.ts';
import { answerSql, bestParts, statement } from './funnel/answer.ts';
import { planFunnel } from './funnel/plan.ts';
import type { Query } from './query.ts';
import type { FunnelQuestion } from './questions.ts';

export { TIME_QUANTILES } from './funnel/answer.ts';
export { MAX_EXCLUSIONS, MAX_STEPS } from './funnel/plan.ts';
export { type FunnelPlace, type FunnelUserRow, funnelUsersQuery, MOST_LISTED } from './funnel/users.ts';
export type { FunnelQuestion } from './questions.ts';

/** A funnel of users with no options, but for its scope and steps. */
export const PLAIN_FUNNEL = {
  subject: 'user',
  order: 'later',
  oneSession: false,
  exclusions: [],
  times: false,
  anchor: 'any',
} as const satisfies Partial<FunnelQuestion>;

/** Milliseconds at each of TIME_QUANTILES, interpolated; null where nobody did all steps. */
export type TimeQuantiles = readonly (number | null)[];

/** One row of the answer. With neither `by` nor `every` there is one, even where nobody did anything. */
export type FunnelRow = GroupKey & {
  /** With `every`: when the period begins, `YYYY-MM-DD`, or `YYYY-MM-DDThh:00Z` of hours. Periods without attempts have no row. */
  readonly period?: string;
  /** Subjects whose best attempt reached step 1, step 2, ... */
  readonly counts: readonly number[];
  /** With `times`: for step 2, 3, ... how long it took from the step before, over attempts that did all steps. */
  readonly betweenMs?: readonly TimeQuantiles[];
  /** With `times`: how long all steps took. */
  readonly wholeMs?: TimeQuantiles;
};

/**
 * Subjects by the step they reached. Throws RangeError where the question cannot be asked.
 *
 * **An attempt** is made of events that do step 1, 2, ..., each later than the one before in (time, event id) order; events that tie are
 * not later than each other. Any event of step 1 may begin one. All its events are in the question's range, the last one at most
 * `withinMs` after the first. Every attempt counts as far as it got, and **a subject's best attempt counts**: the one that got furthest, of
 * these the first to get there, of these the one that began last, of these the one that did each next step earliest.
 *
 * - `order: 'next'`: between two events of an attempt there is no event of the subject, of whatever kind (nor one of the question's range
 *   that ties with neither).
 * - `order: 'any'`: an attempt begins with an event of any step and has done as many steps as can be given an event of their own among
 *   its events. Counts, `by` and times go by how many steps were done: the k-th is the event that made it k.
 * - `oneSession`: the question is asked of the events of each session by themselves; those of none are left out. The best of a subject's
 *   sessions counts.
 * - `exclusions`: an attempt that has an event of step `before` is void where an excluded event is later than its event of step `after`
 *   and that one later than it. What it did before can be an attempt.
 * - `subject`: whose events make an attempt. Events of users without an account, or without a session, are left out.
 * - `by`: a subject counts under the value of its best attempt's event of the step; under null where that has none, or has not got there.
 * - `every`: for each period the best of the attempts that began in it; what came later may be in a later one.
 * - `anchor: 'first'`: a single attempt, by times alone (see funnel/first.ts); 'any' counts at least as many at each step unless one
 *   event does two of the steps, or two events of equal time are in the wrong order of ids.
 */
export function funnelQuery(question: FunnelQuestion): Query {
  const plan = planFunnel(question);
  const sql = statement(bestParts(plan), answerSql(plan));
  return { sql, params: plan.parameters.values };
}
