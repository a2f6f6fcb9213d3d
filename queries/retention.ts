import { type EventScope, scopeConditions } from './event-scope.ts';
import type { Query } from './query.ts';

export type RetentionQuestion = EventScope & {
  /** Event that puts a user into a cohort, by name as sent; undefined = any event. */
  readonly start?: string | undefined;
  /** Event that counts as coming back; undefined = any event. */
  readonly back?: string | undefined;
  /** Days, or weeks that start on Monday; both UTC. */
  readonly every: 'day' | 'week';
  /** Periods after the first one that are watched. */
  readonly periods: number;
};

/** One cohort, oldest first. */
export type RetentionRow = {
  /** First day of the cohort's period, `YYYY-MM-DD`. */
  readonly cohort: string;
  readonly users: number;
  /** `returned[n]`: users with a `back` event n periods after the cohort's. */
  readonly returned: readonly number[];
};

/**
 * Users by the period of their first `start` event in the range, and how many of them did `back` in that period
 * (n = 0) and in each one after it. Periods are those of the calendar, so a user who started late in the
 * evening has a short first day.
 */
export function retentionQuery(question: RetentionQuestion): Query {
  const { start, back, every, periods } = question;
  if (!Number.isInteger(periods) || periods < 1 || periods > 366) {
    throw new RangeError(`Cannot ask for retention: want 1 to 366 periods, current number is ${periods}`);
  }
  const scope = scopeConditions(question);
  const isStart = start === undefined ? '1' : 'name = {start:String}';
  const isBack = back === undefined ? '1' : 'name = {back:String}';
  const period = every === 'day' ? 'toDate(time)' : 'toMonday(time)';
  const length = every === 'day' ? 1 : 7;
  const conditions = [
    ...scope.conditions,
    ...(start === undefined || back === undefined ? [] : ['(name = {start:String} OR name = {back:String})']),
  ];
  const counts = Array.from(
    { length: periods + 1 },
    (_, n) => `countIf(has(returned_in, cohort + ${n * length}))`,
  );
  return {
    sql: `WITH users AS
(
  SELECT
    user_id,
    minIf(${period}, ${isStart}) AS cohort,
    groupUniqArrayIf(${period}, ${isBack}) AS returned_in
  FROM cairn.resolved_events
  WHERE ${conditions.join(' AND ')}
  GROUP BY user_id
  HAVING countIf(${isStart}) > 0
)
SELECT
  cohort,
  count() AS users,
  [${counts.join(', ')}] AS returned
FROM users
GROUP BY cohort
ORDER BY cohort`,
    params: {
      ...scope.params,
      ...(start === undefined ? {} : { start }),
      ...(back === undefined ? {} : { back }),
    },
  };
}
