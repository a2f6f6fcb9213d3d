import { latestValue, type Property, propertyColumns } from './property-columns.ts';
import { resolvedUserId } from './resolver-sql.ts';
import { identifier } from './sql-text.ts';
import { ABSENT, rowsOf, text, type ViewEnvironment, view } from './view-text.ts';

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
        : [
            {
              column,
              expression: `CAST(p.properties.${identifier(column)}, 'Nullable(String)')`,
              present: undefined,
            },
          ];
    }),
    ...propertyColumns(
      properties.filter(({ name }) => !USER_PROPERTY_COLUMNS.some((column) => column === name)),
      USER_COLUMNS,
      'p.properties',
    ),
  ];
  const own = latest.filter(({ column }) => !USER_COLUMNS.has(column));
  const builtIn = (column: string) =>
    latest.some((other) => other.column === column) ? text(`c.${identifier(column)}`) : ABSENT;
  return view(
    environment,
    'users',
    `SELECT u.user_id AS user_id, ${text('u.identity')} AS identity, ${builtIn('handle')} AS handle,
  ${builtIn('email')} AS email, u.joindate AS joindate, greatest(u.last_modified, c.changedAt) AS last_modified
  ${own.map(({ column }) => `, c.${identifier(column)} AS ${identifier(column)}`).join('')}
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
  ${latest.map((value) => `, ${latestValue(value, order)} AS ${identifier(value.column)}`).join('')}
FROM cairn.user_properties AS p WHERE ${rowsOf('p', environment)} GROUP BY user_id) AS c ON u.user_id = c.user_id`,
  );
}
