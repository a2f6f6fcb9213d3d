import { literal } from '#lib/clickhouse/sql-text.ts';
import { rowsOf, type ViewEnvironment, view } from './view-text.ts';

/**
 * Views named as the tables in which Heap Connect tells of itself: `_event_metadata`, `_sync_info`, `_sync_history`.
 * Their columns are Cairn's own, as Heap does not publish its.
 */
export function syncViewsSql(environment: ViewEnvironment): readonly string[] {
  const { number } = environment;
  const names = (scope: string) => `cairn.names WHERE environment = ${number} AND scope = ${literal(scope)}`;
  const tableOf = (name: string, table: string, alias: string, time: string, condition = '') =>
    `SELECT ${literal(name)} AS table_name, count() AS row_count, max(${alias}.${time}) AS last_time
FROM ${table} AS ${alias} FINAL WHERE ${rowsOf(alias, environment)}${condition}`;
  return [
    view(
      environment,
      '_event_metadata',
      `SELECT n.table_name AS table_name, n.name AS event_name, n.first_seen AS first_seen,
  p.property_count AS property_count
FROM (SELECT table_name, name, min(first_seen) AS first_seen FROM ${names('event')} GROUP BY table_name, name) AS n
LEFT ANY JOIN (SELECT table_name, uniqExact(name) AS property_count FROM ${names('event_property')}
GROUP BY table_name) AS p ON n.table_name = p.table_name`,
    ),
    view(
      environment,
      '_sync_info',
      `SELECT e.event_table_name AS table_name, count() AS row_count, max(e.received_at) AS last_time
FROM cairn.events AS e WHERE ${rowsOf('e', environment)} GROUP BY e.event_table_name
UNION ALL
${tableOf('sessions', 'cairn.sessions', 's', 'ended_at', ' AND s.merged_into = 0')}
UNION ALL
${tableOf('user_migrations', 'cairn.user_migrations', 'm', 'bound_at', ' AND m.counts = 1')}`,
    ),
    view(
      environment,
      '_sync_history',
      `SELECT g AS generation, switched_at, switched_at = (SELECT max(switched_at) FROM cairn.live) AS is_live
FROM cairn.live`,
    ),
  ];
}
