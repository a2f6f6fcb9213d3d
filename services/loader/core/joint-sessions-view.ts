import { resolvedSessionId, resolvedUserId } from './resolver-sql.ts';
import { id, rowsOf, type ViewEnvironment, view } from './view-text.ts';

/** Inactivity that ends a joint session: strictly more than this starts another. */
const GAP_MS = 30 * 60 * 1000;

/**
 * Views that sessionize all events of a user together, of clients and servers and of every device: `joint_sessions`, one
 * row each, and `joint_session_events`, which leads from an event to its joint session. Optional reading: nothing else is
 * made from them. A joint session is named by its user and its first event.
 *
 * They are worked out when they are read, over every event of the environment, because a merge of two users moves their
 * joint sessions. Figures: docs/OPERATIONS.md.
 */
export function jointSessionsSql(environment: ViewEnvironment): readonly string[] {
  const numbered = numberedEvents(environment);
  return [
    view(
      environment,
      'joint_session_events',
      `SELECT n.event_id AS event_id, n.user_id AS user_id, n.joint_session_id AS joint_session_id, n.time AS time,
  ${id('n.session_id')} AS session_id, n.device_id AS device_id, n.source AS source, n.name AS name,
  n.event_table_name AS event_table_name
FROM (SELECT e.*, first_value(e.event_id) OVER (PARTITION BY e.user_id, e.number
  ORDER BY e.time, e.event_id, e.device_id) AS joint_session_id FROM (${numbered}) AS e) AS n`,
    ),
    view(
      environment,
      'joint_sessions',
      `SELECT n.user_id AS user_id, argMin(n.event_id, (n.time, n.event_id, n.device_id)) AS joint_session_id,
  min(n.time) AS time, max(n.time) AS ended_at, count() AS event_count, countIf(n.source = 'server') AS server_event_count,
  countIf(n.source != 'server' AND n.type = 'view page') AS pageview_count,
  uniqExactIf((n.device_id, n.session_id), n.session_id != 0) AS session_count
FROM (${numbered}) AS n GROUP BY n.user_id, n.number`,
    ),
  ];
}

/** Events with the number of their joint session, counted from the user's first. */
function numberedEvents(environment: ViewEnvironment): string {
  const order = 'PARTITION BY user_id ORDER BY time, event_id, device_id';
  return `SELECT user_id, event_id, device_id, session_id, time, source, type, name, event_table_name,
  sum(starts) OVER (${order} ROWS UNBOUNDED PRECEDING) AS number
FROM (SELECT *, previous = 0 OR toUnixTimestamp64Milli(time) - previous > ${GAP_MS} AS starts
FROM (SELECT *, lagInFrame(toUnixTimestamp64Milli(time)) OVER (${order} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous
FROM (SELECT ${resolvedUserId('s')} AS user_id, s.event_id AS event_id, s.device_id AS device_id,
  ${resolvedSessionId('s')} AS session_id, s.time AS time, s.source AS source, s.type AS type, s.name AS name,
  s.event_table_name AS event_table_name
FROM cairn.events AS s WHERE ${rowsOf('s', environment)})))`;
}
