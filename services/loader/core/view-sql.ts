import { PAGEVIEWS_TABLE } from '#schemas/names.ts';
import { columnsOf, STORED_TABLES } from './columns.ts';
import { type Property, propertyColumns } from './property-columns.ts';
import { LIVE_GENERATION, resolvedSessionId, resolvedUserId } from './resolver-sql.ts';
import { identifier, literal } from './sql-text.ts';

/*
 * Views of a readers' database, in the schema that users of Heap Connect know: empty text and absent ids are NULL,
 * and a column Cairn has no value for exists as NULL. Only rows of the live generation show.
 */

/** An environment as far as its views need it. */
export type ViewEnvironment = { readonly number: number; readonly name: string };

const text = (column: string) => `nullIf(${column}, '')`;
const id = (column: string) => `nullIf(${column}, 0)`;
const moment = (column: string) => `nullIf(${column}, toDateTime64(0, 3, 'UTC'))`;
const ABSENT = "CAST(NULL, 'Nullable(String)')";

/** `expression AS column` lists, from pairs. */
const select = (columns: readonly (readonly [column: string, expression: string])[]) =>
  columns.map(([column, expression]) => `${expression} AS ${identifier(column)}`).join(',\n  ');

const view = (environment: ViewEnvironment, name: string, query: string) =>
  `CREATE OR REPLACE VIEW ${identifier(environment.name)}.${identifier(name)} AS\n${query}`;

const rowsOf = (alias: string, { number }: ViewEnvironment) =>
  `${alias}.generation = ${LIVE_GENERATION} AND ${alias}.environment = ${number}`;

/** Columns of `sessions` that events show too, read from the event where it has them and else from its session. */
const CAPTURED = [
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

const OF_SESSION = [
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

const HEAP_ONLY_OF_SESSION = [
  'heap_app_name',
  'heap_app_version',
  'heap_device',
  'heap_device_id',
  'phone_model',
] as const;

const ACCESSIBILITY = ['screen_a11y_id', 'screen_a11y_label'] as const;

const absent = (...columns: readonly string[]) => columns.map((column) => [column, ABSENT] as const);

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

/** Views of an environment that do not depend on its names: sessions, all_events, user_migrations. */
export function fixedViewsSql(environment: ViewEnvironment): readonly string[] {
  return [
    view(environment, 'sessions', sessionsQuery(environment)),
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

/** Built-in columns of `pageviews` beside those every event view has. */
const PAGEVIEW_COLUMNS = [
  ['domain', text('e.domain')],
  ['path', text('e.path')],
  ['query', text('e.query')],
  ['hash', text('e.hash')],
  ['title', text('e.title')],
  ['heap_previous_page', text('e.previous_page')],
  ...absent('view_controller', ...ACCESSIBILITY, 'target_a11y_label'),
] as const;

/** Built-in columns of an event's view beside those every event view has. */
const EVENT_COLUMNS = [
  ['type', text('e.type')],
  ['domain', text('e.domain')],
  ['path', text('e.path')],
  ['query', text('e.query')],
  ['hash', text('e.hash')],
  ['title', text('e.title')],
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
LEFT ANY JOIN (SELECT s.device_id AS device_id, s.session_id AS session_id, s.started_at AS started_at,
  ${OF_SESSION.map((column) => `s.${column} AS ${column}`).join(', ')}
FROM cairn.sessions AS s FINAL WHERE ${rowsOf('s', environment)} AND s.merged_into = 0) AS o
ON r.device_id = o.device_id AND r.session_id = o.session_id`,
  );
}

const USER_COLUMNS = new Set(['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified']);

/** Properties that fill a built-in column of `users` where they are named exactly so. */
const USER_PROPERTY_COLUMNS = ['handle', 'email'] as const;

/**
 * One row a user: over every device that was seen, every property change and every binding. A property has the
 * value that was written last over all of the user's devices, by (time, receive time, position in the log).
 *
 * A name of the query's own beside the columns of properties holds a capital letter, which no column does.
 */
export function usersViewSql(environment: ViewEnvironment, properties: readonly Property[]): string {
  const order = '(p.time, p.received_at, p.origin_partition, p.origin_offset)';
  const exact = (name: string) => properties.find((property) => property.name === name);
  const latest = [
    ...USER_PROPERTY_COLUMNS.flatMap((column) => {
      const property = exact(column);
      return property === undefined
        ? []
        : [[column, `CAST(p.properties.${identifier(column)}, 'Nullable(String)')`] as const];
    }),
    ...propertyColumns(
      properties.filter(({ name }) => !USER_PROPERTY_COLUMNS.some((column) => column === name)),
      USER_COLUMNS,
      'p.properties',
    ).map(({ column, expression }) => [column, expression] as const),
  ];
  const own = latest.filter(([column]) => !USER_COLUMNS.has(column));
  const builtIn = (column: string) =>
    latest.some(([name]) => name === column) ? text(`c.${identifier(column)}`) : ABSENT;
  return view(
    environment,
    'users',
    `SELECT u.user_id AS user_id, ${text('u.identity')} AS identity, ${builtIn('handle')} AS handle,
  ${builtIn('email')} AS email, u.joindate AS joindate, greatest(u.last_modified, c.changedAt) AS last_modified
  ${own.map(([column]) => `, c.${identifier(column)} AS ${identifier(column)}`).join('')}
FROM (SELECT seen.user_id AS user_id, max(seen.identity) AS identity, min(seen.first_seen) AS joindate,
  max(seen.modified) AS last_modified
FROM (SELECT ${resolvedUserId('d')} AS user_id, max(d.identity) AS identity, min(d.first_seen) AS first_seen,
  min(d.first_seen) AS modified
FROM cairn.devices AS d WHERE ${rowsOf('d', environment)} GROUP BY user_id
UNION ALL
SELECT if(m.counts = 1, m.to_user_id, m.from_user_id) AS user_id, if(m.counts = 1, m.identity, '') AS identity,
  m.time AS first_seen, m.bound_at AS modified
FROM cairn.user_migrations AS m FINAL WHERE ${rowsOf('m', environment)}) AS seen GROUP BY user_id) AS u
LEFT ANY JOIN (SELECT ${resolvedUserId('p')} AS user_id, max(p.received_at) AS changedAt
  ${latest.map(([column, expression]) => `, argMax(${expression}, ${order}) AS ${identifier(column)}`).join('')}
FROM cairn.user_properties AS p WHERE ${rowsOf('p', environment)} GROUP BY user_id) AS c ON u.user_id = c.user_id`,
  );
}
