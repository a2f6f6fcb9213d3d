import type { Query } from './query.ts';

/** The answer's one row. */
export type SessionsRow = {
  readonly sessions: number;
  readonly users: number;
  /** Seconds from a session's first event to its last; null where there are no sessions. */
  readonly median_duration_s: number | null;
  readonly average_duration_s: number | null;
  readonly events_per_session: number | null;
  readonly pageviews_per_session: number | null;
  /** Sessions of a single event. */
  readonly bounced: number;
};

export type SessionsQuestion = {
  /** Name of the environment, which is the name of its readers' database. */
  readonly database: string;
  /** Epoch ms, inclusive; undefined = from the first session on. */
  readonly fromMs?: number | undefined;
  /** Epoch ms, exclusive; undefined = up to the last session. */
  readonly toMs?: number | undefined;
};

/** Figures of the sessions that started in the range. */
export function sessionsQuery({ database, fromMs, toMs }: SessionsQuestion): Query {
  const conditions = [
    ...(fromMs === undefined ? [] : ["time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(toMs === undefined ? [] : ["time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
  ];
  return {
    sql: `WITH visits AS
(
  SELECT user_id, dateDiff('millisecond', time, ended_at) / 1000 AS duration_s, event_count, pageview_count
  FROM {database:Identifier}.sessions${conditions.length === 0 ? '' : `\n  WHERE ${conditions.join(' AND ')}`}
)
SELECT
  count() AS sessions,
  uniqExact(user_id) AS users,
  if(sessions = 0, NULL, quantileExact(0.5)(duration_s)) AS median_duration_s,
  if(sessions = 0, NULL, avg(duration_s)) AS average_duration_s,
  if(sessions = 0, NULL, avg(event_count)) AS events_per_session,
  if(sessions = 0, NULL, avg(pageview_count)) AS pageviews_per_session,
  countIf(event_count = 1) AS bounced
FROM visits`,
    params: {
      database,
      ...(fromMs === undefined ? {} : { from: fromMs }),
      ...(toMs === undefined ? {} : { to: toMs }),
    },
  };
}
