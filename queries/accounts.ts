import { memberSql } from './cohort-members.ts';
import { eventRows } from './event-rows.ts';
import { Parameters } from './parameters.ts';
import { propertyText } from './property-ref.ts';
import type { Query } from './query.ts';
import { accountIdColumn } from './question-scope.ts';
import type { AccountsQuestion } from './questions.ts';
import { checkTop } from './top-values.ts';
import { readersColumnSql } from './user-property.ts';

/** Properties an answer may show. */
export const MOST_SHOWN = 50;

/**
 * How much each account is used, by how many of its users, and how that changed. The answer's rows are AccountRow.
 *
 * Accounts are the rows of the readers' view `accounts`, used or not; `among` a cohort, those that a user in it names. An
 * event belongs to the account that its user names now. What is compared are the last day, seven days or month before the
 * end of the range (or now, where that is earlier) and the same before it: not periods of the calendar, as the one of
 * today has hardly begun. A month before 31 March is 29 or 28 February.
 *
 * Throws RangeError where the environment has no accounts, or the question cannot be asked.
 */
export function accountsQuery(question: AccountsQuestion): Query {
  const { database, event, every, show, top, among, fromMs, toMs } = question;
  checkTop(top, 'accounts');
  checkShown(question);
  const parameters = new Parameters();
  const named = accountIdColumn(question);
  const rows = eventRows(question, parameters, {
    matches: [event],
    subject: 'account',
    // The time before is compared even where it lies before the range.
    read: { fromMs: undefined, toMs },
  });
  const readers = parameters.add(database, 'Identifier');
  const now = 'toUnixTimestamp64Milli(now64(3))';
  const end = toMs === undefined ? now : `least(${parameters.add(toMs, 'Int64')}, ${now})`;
  const back = (times: number) =>
    every === 'month'
      ? `toUnixTimestamp64Milli(addMonths(fromUnixTimestamp64Milli(${end}, 'UTC'), -${times}))`
      : `${end} - ${times * LENGTH_MS[every]}`;
  const times = {
    '': fromMs === undefined ? '1' : `at >= ${parameters.add(fromMs, 'Int64')}`,
    Now: `at >= ${back(1)} AND at < ${end}`,
    Before: `at >= ${back(2)} AND at < ${back(1)}`,
  };
  const counted = Object.entries(times).map(
    ([when, condition]) =>
      `countIf(${condition}) AS events${when}, uniqExactIf(user_id, ${condition}) AS users${when || 'Active'}`,
  );
  const members = among === undefined ? '' : ` AND ${memberSql(question, parameters, among)}`;
  const shown = show.map(({ name }) => readersColumnSql(name, parameters)).join(', ');
  return {
    sql: `SELECT account, events, users, usersActive AS activeUsers, eventsNow, usersNow, eventsBefore, usersBefore,
  if(events = 0, NULL, seen) AS lastSeenMs, shown, count() OVER () AS accounts
FROM (SELECT account_id AS account, CAST([${shown}], 'Array(Nullable(String))') AS shown FROM ${readers}.accounts WHERE account_id != '') AS known
LEFT ANY JOIN (
  SELECT assumeNotNull(${named}) AS company, count() AS users FROM ${readers}.users WHERE ${named} != ''${members} GROUP BY company
) AS people ON account = company
LEFT ANY JOIN (
  SELECT subject, maxIf(at, ${times['']}) AS seen, ${counted.join(',\n    ')}
  FROM (${rows}) GROUP BY subject
) AS usage ON account = subject${among === undefined ? '' : '\nWHERE users > 0'}
ORDER BY events DESC, account
LIMIT ${top}`,
    params: parameters.values,
  };
}

const LENGTH_MS = { day: 86_400_000, week: 7 * 86_400_000 } as const;

function checkShown({ show }: AccountsQuestion): void {
  const other = show.find(({ of }) => of !== 'account');
  if (other !== undefined) {
    throw new RangeError(
      `Cannot show ${JSON.stringify(propertyText(other))} of accounts: want properties of the account`,
    );
  }
  if (show.length > MOST_SHOWN) {
    throw new RangeError(
      `Cannot show so many properties: want at most ${MOST_SHOWN}, current number is ${show.length}`,
    );
  }
}
