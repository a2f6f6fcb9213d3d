import { resolvedUserId } from './resolver-sql.ts';
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
FROM cairn.sessions AS s FINAL WHERE ${rowsOf('s', environment)} AND s.merged_into = 0`;
}
