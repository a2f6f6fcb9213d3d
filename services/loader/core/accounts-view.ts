import { identifier } from '#lib/clickhouse/sql-text.ts';
import { latestValue, type Property, propertyColumns } from './property-columns.ts';
import { moment, rowsOf, type ViewEnvironment, view } from './view-text.ts';

/** What the views of an environment need to know of its accounts. */
export type Accounts = {
  /** User property that holds the id of a user's account; empty = none does. */
  readonly idProperty: string;
  /** Properties of accounts. */
  readonly properties: readonly Property[];
};

/** Columns of `accounts` that no property may take. */
const ACCOUNT_COLUMNS = new Set(['account_id', 'user_count', 'first_seen', 'last_modified']);

/** Columns of `accounts` that show properties, in order. */
export function accountColumns(properties: readonly Property[]): readonly string[] {
  return propertyColumns(properties, ACCOUNT_COLUMNS, 'p.properties').map(({ column }) => column);
}

/** One row an account that a property was sent for: its id as `accountKey`, `changedAt`, and the last value of each property. */
export function latestOfAccounts(environment: ViewEnvironment, properties: readonly Property[]): string {
  const columns = propertyColumns(properties, ACCOUNT_COLUMNS, 'p.properties').map(
    (value) => `, ${latestValue(value)} AS ${identifier(value.column)}`,
  );
  return `SELECT p.account_id AS accountKey, max(p.received_at) AS changedAt${columns.join('')}
FROM cairn.account_properties AS p WHERE ${rowsOf('p', environment)} GROUP BY p.account_id`;
}

/** One row an account: each that a property was sent for, and each that a user's property names. */
export function accountsViewSql(environment: ViewEnvironment, { idProperty, properties }: Accounts): string {
  const named = `
UNION ALL
SELECT assumeNotNull(u.account_id) AS accountKey, count() AS users, min(u.joindate) AS seen
FROM ${identifier(environment.name)}.users AS u WHERE u.account_id IS NOT NULL GROUP BY accountKey`;
  return view(
    environment,
    'accounts',
    `SELECT k.accountKey AS account_id, k.users AS user_count, k.seen AS first_seen,
  ${moment('c.changedAt')} AS last_modified
  ${accountColumns(properties)
    .map((column) => `, c.${identifier(column)} AS ${identifier(column)}`)
    .join('')}
FROM (SELECT n.accountKey AS accountKey, sum(n.users) AS users, min(n.seen) AS seen
FROM (SELECT p.account_id AS accountKey, 0 AS users, min(p.time) AS seen
FROM cairn.account_properties AS p WHERE ${rowsOf('p', environment)} GROUP BY p.account_id${idProperty === '' ? '' : named}) AS n
GROUP BY n.accountKey) AS k
LEFT ANY JOIN (${latestOfAccounts(environment, properties)}) AS c ON k.accountKey = c.accountKey`,
  );
}
