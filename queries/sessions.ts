import { type EventScope, scopeConditions } from './event-scope.ts';
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

/**
 * Figures of the sessions that started in the range, from their events. A session belongs to a device, and
 * session ids are unique within a device only. Server events are in no session.
 */
export function sessionsQuery(question: EventScope): Query {
  const { fromMs, toMs } = question;
  const { conditions } = scopeConditions({ environment: question.environment });
  const started = [
    ...(fromMs === undefined ? [] : ["started_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(toMs === undefined ? [] : ["started_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
  ];
  return {
    sql: `WITH visits AS
(
  SELECT
    any(user_id) AS user_id,
    min(time) AS started_at,
    date_diff('millisecond', min(time), max(time)) / 1000 AS duration_s,
    count() AS events,
    countIf(name = 'pageview') AS pageviews
  FROM cairn.resolved_events
  WHERE ${[...conditions, 'session_id != 0', "source != 'server'"].join(' AND ')}
  GROUP BY device_id, session_id${started.length === 0 ? '' : `\n  HAVING ${started.join(' AND ')}`}
)
SELECT
  count() AS sessions,
  uniqExact(user_id) AS users,
  if(sessions = 0, NULL, quantileExact(0.5)(duration_s)) AS median_duration_s,
  if(sessions = 0, NULL, avg(duration_s)) AS average_duration_s,
  if(sessions = 0, NULL, avg(events)) AS events_per_session,
  if(sessions = 0, NULL, avg(pageviews)) AS pageviews_per_session,
  countIf(events = 1) AS bounced
FROM visits`,
    params: scopeConditions(question).params,
  };
}
