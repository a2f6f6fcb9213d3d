import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import { PAGEVIEWS_TABLE } from '#schemas/names.ts';
import { columnsOf, STORED_TABLES } from './columns.ts';
import { type Property, propertyColumns } from './property-columns.ts';
import { LIVE_GENERATION, resolvedSessionId, resolvedUserId } from './resolver-sql.ts';
import { CAPTURED, HEAP_ONLY_OF_SESSION, OF_SESSION, sessionRows } from './sessions-view.ts';
import { absent, id, moment, rowsOf, select, text, type ViewEnvironment, view } from './view-text.ts';

const ACCESSIBILITY = ['screen_a11y_id', 'screen_a11y_label'] as const;

/** `cairn.resolved_events`: every event of the live generation, of all environments, with ids resolved. */
export function resolvedEventsSql(): string {
  const own = columnsOf(STORED_TABLES.events)
    .map(({ name }) => name)
    .filter((name) => name !== 'user_id' && name !== 'session_id');
  return `CREATE OR REPLACE VIEW cairn.resolved_events AS
SELECT ${resolvedUserId('e')} AS user_id,
  ${resolvedSessionId('e')} AS session_id,
  ${own.map((name) => `e.${identifier(name)} AS ${identifier(name)}`).join(', ')}
FROM cairn.events AS e WHERE e.generation = ${LIVE_GENERATION}`;
}

/** Views of an environment that do not depend on its names: all_events, user_migrations. */
export function fixedViewsSql(environment: ViewEnvironment): readonly string[] {
  return [
    view(
      environment,
      'all_events',
      `SELECT e.event_id AS event_id, ${resolvedUserId('e')} AS user_id, ${id(resolvedSessionId('e'))} AS session_id,
  e.time AS time, e.event_table_name AS event_table_name, e.device_id AS device_id, e.name AS name, e.type AS type,
  e.source AS source, e.received_at AS received_at, e.is_bot AS is_bot, e.properties AS properties
FROM cairn.events AS e WHERE ${rowsOf('e', environment)}`,
    ),
    view(
      environment,
      'user_migrations',
      `SELECT m.from_user_id AS from_user_id, m.to_user_id AS to_user_id, m.time AS time
FROM cairn.user_migrations AS m FINAL WHERE ${rowsOf('m', environment)} AND m.counts = 1`,
    ),
  ];
}

/** The page an event happened on. */
const PAGE = [
  ['domain', text('e.domain')],
  ['path', text('e.path')],
  ['query', text('e.query')],
  ['hash', text('e.hash')],
  ['title', text('e.title')],
  ['heap_previous_page', text('e.previous_page')],
] as const;

/** Built-in columns of `pageviews` beside those every event view has. */
const PAGEVIEW_COLUMNS = [
  ...PAGE,
  ...absent('view_controller', ...ACCESSIBILITY, 'target_a11y_label'),
] as const;

/** Built-in columns of an event's view beside those every event view has. */
const EVENT_COLUMNS = [
  ['type', text('e.type')],
  ...PAGE,
  ['href', text('e.href')],
  ['target_text', text('e.target_text')],
  ['target_tag', text('e.target_tag')],
  ['target_class', text('e.target_class')],
  ['target_id', text('e.target_id')],
  ['hierarchy', text('e.hierarchy')],
  ['pageview_id', id('e.pageview_id')],
  ...absent(
    'action_method',
    'target_view_class',
    'target_view_name',
    'target_a11y_id',
    'target_a11y_label',
    ...ACCESSIBILITY,
  ),
] as const;

/** A view over the events of one table: `pageviews`, or that of an event name. */
export function eventViewSql(
  environment: ViewEnvironment,
  table: string,
  properties: readonly Property[],
): string {
  const captured = [
    ...CAPTURED.map(([column, of]) => [column, text(`e.${of}`)] as const),
    ...(table === PAGEVIEWS_TABLE ? PAGEVIEW_COLUMNS : EVENT_COLUMNS),
    ...absent(...HEAP_ONLY_OF_SESSION),
    ['device_id', 'e.device_id'],
    ['name', 'e.name'],
    ['user_agent', text('e.user_agent')],
    ['is_bot', 'e.is_bot'],
  ] as const;
  const builtIn = new Set<string>([
    ...['event_id', 'user_id', 'session_id', 'session_time', 'time'],
    ...captured.map(([column]) => column),
    ...OF_SESSION,
  ]);
  const own = [
    ...captured,
    ...propertyColumns(properties, builtIn, 'e.properties').map(
      ({ column, expression }) => [column, expression] as const,
    ),
  ];
  // The resolved ids are computed below the join, so that the join is on the surviving session. Properties are
  // taken out there too: above it a path of the JSON would be cut out of the whole column.
  return view(
    environment,
    table,
    `SELECT r.event_id AS event_id, r.user_id AS user_id, ${id('r.session_id')} AS session_id,
  ${moment('o.started_at')} AS session_time, r.time AS time,
  ${OF_SESSION.map((column) => `${text(`o.${column}`)} AS ${column}`).join(', ')},
  ${own.map(([column]) => `r.${identifier(column)} AS ${identifier(column)}`).join(', ')}
FROM (SELECT e.event_id AS event_id, ${resolvedUserId('e')} AS user_id, ${resolvedSessionId('e')} AS session_id,
  e.time AS time,
  ${select(own)}
FROM cairn.events AS e WHERE ${rowsOf('e', environment)} AND e.event_table_name = ${literal(table)}) AS r
LEFT ANY JOIN (${sessionRows(environment)}) AS o
ON r.device_id = o.device_id AND r.session_id = o.session_id`,
  );
}
