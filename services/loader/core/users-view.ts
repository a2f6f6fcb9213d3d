import { identifier } from '#lib/clickhouse/sql-text.ts';
import { type Accounts, accountColumns, latestOfAccounts } from './accounts-view.ts';
import {
  latestValue,
  type Property,
  type PropertyColumn,
  propertyColumns,
  TEXT_SUFFIX,
  TIME_SUFFIX,
  WRITE_ORDER,
} from './property-columns.ts';
import { resolvedUserId } from './resolver-sql.ts';
import { INITIAL, NEVER, NO_SESSION } from './storage-sql.ts';
import { ABSENT, rowsOf, text, type ViewEnvironment, view } from './view-text.ts';

const USER_COLUMNS = new Set([
  ...['user_id', 'identity', 'handle', 'email', 'joindate', 'last_modified'],
  ...INITIAL.map((name) => `initial_${name}`),
]);

/** Properties that fill a built-in column of `users` where they are named exactly so. */
const USER_PROPERTY_COLUMNS = ['handle', 'email'] as const;

type UserColumns = {
  /** Columns of user properties, those that fill a built-in column included. */
  readonly latest: readonly PropertyColumn[];
  /** Without those that fill one. */
  readonly own: readonly PropertyColumn[];
  /** Columns of the account, each with its name in `accounts`. */
  readonly ofAccount: readonly (readonly [column: string, of: string])[];
};

/** Columns of `users` that follow from the names an environment has. */
export function columnsOfUsers(properties: readonly Property[], accounts: Accounts): UserColumns {
  const { idProperty } = accounts;
  const hasAccounts = idProperty !== '';
  const filling: readonly string[] = hasAccounts
    ? [...USER_PROPERTY_COLUMNS, ...(idProperty === 'account_id' ? ['account_id'] : [])]
    : USER_PROPERTY_COLUMNS;
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
      properties.filter(({ name }) => !filling.includes(name)),
      hasAccounts ? new Set([...USER_COLUMNS, 'account_id']) : USER_COLUMNS,
      'p.properties',
    ),
  ];
  const own = latest.filter(({ column }) => !USER_COLUMNS.has(column));
  const ofAccount = hasAccounts
    ? prefixed(
        accountColumns(accounts.properties),
        new Set([...USER_COLUMNS, ...own.map(({ column }) => column)]),
      )
    : [];
  return { latest, own, ofAccount };
}

/**
 * One row a user: over every device that was seen (one that only a session names so far was not), every property
 * change and every binding. A property has the value that was written last over all of the user's devices, by (time,
 * receive time, position in the log).
 *
 * `initial_*` describes the earliest session of all its devices.
 *
 * Where a property holds the id of a user's account, that is `account_id` (a property of this name is not shown
 * twice), and what is known of the account is in columns that begin with `account_`. Where a user property has such a
 * name already, the account's gets `_property`.
 *
 * A name of the query's own beside the columns of properties holds a capital letter, which no column does.
 */
export function usersViewSql(
  environment: ViewEnvironment,
  properties: readonly Property[],
  accounts: Accounts,
): string {
  const { idProperty } = accounts;
  const hasAccounts = idProperty !== '';
  const { latest, own, ofAccount } = columnsOfUsers(properties, accounts);
  const builtIn = (column: string) =>
    latest.some((other) => other.column === column) ? text(`c.${identifier(column)}`) : ABSENT;
  const accountId = hasAccounts
    ? `, argMax(CAST(p.properties.${identifier(idProperty)}, 'Nullable(String)'), ${WRITE_ORDER}) AS accountId`
    : '';
  return view(
    environment,
    'users',
    `SELECT u.user_id AS user_id, ${text('u.identity')} AS identity, ${builtIn('handle')} AS handle,
  ${builtIn('email')} AS email, u.joindate AS joindate, greatest(u.last_modified, c.changedAt) AS last_modified
  ${hasAccounts ? `, ${text('c.accountId')} AS account_id` : ''}
  ${INITIAL.map((name) => `, ${text(`u.initial_${name}`)} AS initial_${name}`).join('')}
  ${own.map(({ column }) => `, c.${identifier(column)} AS ${identifier(column)}`).join('')}
  ${ofAccount.map(([column, of]) => `, a.${identifier(of)} AS ${identifier(column)}`).join('')}
FROM (SELECT seen.user_id AS user_id, max(seen.identity) AS identity, min(seen.first_seen) AS joindate,
  max(seen.modified) AS last_modified
  ${INITIAL.map((name) => `, argMin(seen.initial_${name}, seen.initialKey) AS initial_${name}`).join('')}
FROM (SELECT ${resolvedUserId('d')} AS user_id, CAST(max(d.identity), 'String') AS identity,
  CAST(min(d.first_seen), 'DateTime64(3, \\'UTC\\')') AS first_seen, first_seen AS modified, min(d.initial.key) AS initialKey
  ${INITIAL.map((name) => `, argMin(d.initial.${name}, d.initial.key) AS initial_${name}`).join('')}
FROM cairn.devices AS d WHERE ${rowsOf('d', environment)} GROUP BY user_id HAVING first_seen < ${NEVER}
UNION ALL
SELECT if(m.counts = 1, m.to_user_id, m.from_user_id) AS user_id, if(m.counts = 1, m.identity, '') AS identity,
  m.time AS first_seen, m.bound_at AS modified,
  ${NO_SESSION} AS initialKey${INITIAL.map((name) => `, '' AS initial_${name}`).join('')}
FROM cairn.user_migrations AS m FINAL WHERE ${rowsOf('m', environment)}) AS seen GROUP BY user_id) AS u
LEFT ANY JOIN (SELECT ${resolvedUserId('p')} AS user_id, max(p.received_at) AS changedAt${accountId}
  ${latest.map((value) => `, ${latestValue(value)} AS ${identifier(value.column)}`).join('')}
FROM cairn.user_properties AS p WHERE ${rowsOf('p', environment)} GROUP BY user_id) AS c ON u.user_id = c.user_id${
      hasAccounts
        ? `
LEFT ANY JOIN (${latestOfAccounts(environment, accounts.properties)}) AS a ON c.accountId = a.accountKey`
        : ''
    }`,
  );
}

/** Columns of an account as a user shows them, each with its name in `accounts`. */
function prefixed(columns: readonly string[], taken: Set<string>): readonly (readonly [string, string])[] {
  const names = new Map<string, string>();
  for (const of of columns) {
    // The texts and times of a column stay beside it.
    const suffix = [TEXT_SUFFIX, TIME_SUFFIX].find((end) => of.endsWith(end)) ?? '';
    const base = suffix === '' ? undefined : names.get(of.slice(0, -suffix.length));
    let column = base === undefined ? `account_${of}` : `${base}${suffix}`;
    while (taken.has(column)) column = `${column}_property`;
    taken.add(column);
    names.set(of, column);
  }
  return [...names].map(([of, column]) => [column, of]);
}
