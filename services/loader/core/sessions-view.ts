import { LIVE_GENERATION, resolvedSessionId, resolvedUserId } from './resolver-sql.ts';
import { absent, rowsOf, select, text, type ViewEnvironment, view } from './view-text.ts';

/** Columns of `sessions` that events show too, read from the event where it has them and else from its session. */
export const CAPTURED = [
  ['library', 'source'],
  ['platform', 'platform'],
  ['device_type', 'device_type'],
  ['country', 'country'],
  ['region', 'region'],
  ['city', 'city'],
  ['ip', 'ip'],
  ['browser', 'browser'],
  ['device', 'device'],
  ['carrier', 'carrier'],
  ['app_name', 'app_name'],
  ['app_version', 'app_version'],
] as const;

/** Columns that an event has from its session. */
export const OF_SESSION = [
  'referrer',
  'landing_page',
  'landing_page_query',
  'landing_page_hash',
  'search_keyword',
  'utm_source',
  'utm_campaign',
  'utm_medium',
  'utm_term',
  'utm_content',
] as const;

/** Columns of Heap's that Cairn has no value for. */
export const HEAP_ONLY_OF_SESSION = [
  'heap_app_name',
  'heap_app_version',
  'heap_device',
  'heap_device_id',
  'phone_model',
] as const;

/** One row a session. */
export function sessionsViewSql(environment: ViewEnvironment): string {
  return view(environment, 'sessions', sessionsQuery(environment));
}

function sessionsQuery(environment: ViewEnvironment): string {
  const columns = [
    ['event_id', 's.event_id'],
    ['user_id', resolvedUserId('s')],
    ['session_id', 's.session_id'],
    ['time', 's.started_at'],
    ...CAPTURED.map(([column]) => [column, text(`s.${column}`)] as const),
    ...OF_SESSION.map((column) => [column, text(`s.${column}`)] as const),
    ...absent(...HEAP_ONLY_OF_SESSION),
    ['device_id', 's.device_id'],
    ['ended_at', 's.ended_at'],
    ['event_count', 's.event_count'],
    ['pageview_count', 's.pageview_count'],
    ['late', 's.late'],
  ] as const;
  return `SELECT ${select(columns)}
FROM (${sessionRows(environment)}) AS s`;
}

/** When a session's first pageview was, or its first event where it has none: the earliest part describes it. */
const DESCRIBED_AT = `(p.pageview_count = 0, if(p.pageview_count = 0, p.started_at, p.first_pageview_at),
  if(p.pageview_count = 0, p.event_id, p.first_pageview_event_id))`;

/** How the parts of a session add up, by column. */
const ADDED_UP = [
  ['event_id', 'argMin(p.event_id, (p.started_at, p.event_id))'],
  ['started_at', 'min(p.started_at)'],
  ['ended_at', 'max(p.ended_at)'],
  ['event_count', 'sum(p.event_count)'],
  ['pageview_count', 'sum(p.pageview_count)'],
  ['late', 'argMin(p.late, (p.opened_at, p.session_id))'],
  ...[...CAPTURED.map(([column]) => column), ...OF_SESSION].map(
    (column) => [column, `argMin(p.${column}, ${DESCRIBED_AT})`] as const,
  ),
] as const;

/**
 * `cairn.resolved_sessions`: every session of the live generation, of all environments, parts added up. Where one asks for
 * devices it reads those alone; all of them it takes three times as long to read as the view of an environment.
 */
export function resolvedSessionsSql(): string {
  return `CREATE OR REPLACE VIEW cairn.resolved_sessions AS
SELECT p.environment AS environment, p.device_id AS device_id, p.resolved AS session_id,
  ${select(ADDED_UP)}
FROM (SELECT s.*, ${resolvedSessionId('s')} AS resolved FROM cairn.sessions AS s FINAL
WHERE s.generation = ${LIVE_GENERATION} AND s.merged_into = 0) AS p
GROUP BY p.environment, p.device_id, p.resolved`;
}

/**
 * The sessions of an environment in the live generation as readers know them, by `device_id` and `session_id`:
 * parts added up under the id that their events are resolved to. To be joined and selected from.
 *
 * Nearly every session has one part. Those with more are found by passing over the ids in the order they are stored in,
 * and their sums laid over their first row; the others are read as they are. Figures: docs/adr/0010-sessions-in-parts.md.
 */
export function sessionRows(environment: ViewEnvironment): string {
  const columns = ADDED_UP.map(([column]) => column);
  // A device's last id and the next one's first may be equal: too many rows are looked at then, and stay what they are.
  const several = `SELECT r.environment AS environment, r.device_id AS device_id, r.session_id AS session_id
FROM (SELECT n.environment AS environment, n.device_id AS device_id, n.session_id AS session_id,
  lagInFrame(n.session_id) OVER (ORDER BY n.generation, n.environment, n.device_id, n.session_id, n.opened_at
    ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
FROM cairn.sessions AS n FINAL WHERE ${rowsOf('n', environment)}) AS r WHERE r.session_id = r.before`;
  // An id with several parts may have been absorbed in one of them: then all of it belongs to the survivor.
  const concerned = `SELECT c.device_id, arrayJoin([c.session_id, ${resolvedSessionId('c')}]) FROM (${several}) AS c`;
  // Under each id the sums of all that its events are resolved to, and the row that shows them: none of an absorbed one.
  const sums = `SELECT p.device_id AS device_id, arrayJoin(arrayDistinct([p.session_id, p.resolved])) AS known_as,
  minIf(toUnixTimestamp64Milli(p.opened_at), p.session_id = p.resolved) AS shown,
  any(p.resolved) != known_as AS hidden,
  ${select(ADDED_UP)}
FROM (SELECT q.*, ${resolvedSessionId('q')} AS resolved FROM cairn.sessions AS q FINAL
WHERE ${rowsOf('q', environment)} AND q.merged_into = 0 AND (q.device_id, q.session_id) IN (${concerned})) AS p
GROUP BY p.device_id, known_as`;
  return `SELECT o.environment AS environment, o.device_id AS device_id, o.session_id AS session_id,
  ${columns.map((column) => `if(t.known_as = 0, o.${column}, t.${column}) AS ${column}`).join(',\n  ')}
FROM cairn.sessions AS o FINAL LEFT ANY JOIN (${sums}) AS t
ON o.device_id = t.device_id AND o.session_id = t.known_as
WHERE ${rowsOf('o', environment)} AND o.merged_into = 0
AND (t.known_as = 0 OR (NOT t.hidden AND toUnixTimestamp64Milli(o.opened_at) = t.shown))`;
}
