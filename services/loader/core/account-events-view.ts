import { identifier } from '#lib/clickhouse/sql-text.ts';
import type { Accounts } from './accounts-view.ts';
import type { Property } from './property-columns.ts';
import { columnsOfUsers } from './users-view.ts';
import { ABSENT, type ViewEnvironment, view } from './view-text.ts';

/**
 * `account_events`: every event with the account of its user and what is known of the account now, under the names of
 * `users`. Apart from the views of events, which would all pay for a join that few questions need.
 */
export function accountEventsViewSql(
  environment: ViewEnvironment,
  properties: readonly Property[],
  accounts: Accounts,
): string {
  const database = identifier(environment.name);
  if (accounts.idProperty === '')
    return view(
      environment,
      'account_events',
      `SELECT e.*, ${ABSENT} AS account_id FROM ${database}.all_events AS e`,
    );
  const columns = [
    'account_id',
    ...columnsOfUsers(properties, accounts).ofAccount.map(([column]) => column),
  ].map(identifier);
  return view(
    environment,
    'account_events',
    `SELECT e.*, ${columns.map((column) => `u.${column} AS ${column}`).join(', ')}
FROM ${database}.all_events AS e
LEFT ANY JOIN (SELECT user_id, ${columns.join(', ')} FROM ${database}.users) AS u ON e.user_id = u.user_id`,
  );
}
