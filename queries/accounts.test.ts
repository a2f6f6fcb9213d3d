import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type QuestionDatabase, startQuestionDatabase } from '../test/support/question-database.ts';
import {
  ACCOUNTS,
  aHistory,
  aRange,
  type History,
  isIn,
  loadHistory,
  SCOPE,
  UNSHRUNK,
} from '../test/support/question-history.ts';
import { accountsQuery } from './accounts.ts';
import type { AccountRow } from './answers.ts';
import { ANY_EVENT, eventNamed } from './event-match.ts';
import type { AccountsQuestion } from './questions.ts';

const DAY_MS = 86_400_000;

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

/** So many times the length before a time; a day that a month does not have is its last. */
function back(every: AccountsQuestion['every'], time: number, times: number): number {
  if (every !== 'month') return time - times * (every === 'day' ? 1 : 7) * DAY_MS;
  const moved = new Date(time);
  const day = moved.getUTCDate();
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() - times);
  const lastDay = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  moved.setUTCDate(Math.min(day, lastDay));
  return moved.getTime();
}

function expectedRows(history: History, question: AccountsQuestion): AccountRow[] {
  const { event, every, show, top, among, toMs = Date.now() } = question;
  const didB = (user: number) =>
    history.events.some((one) => one.user === user && one.name === 'B' && isIn(question, one.time));
  const isMember = (user: number) => among === undefined || didB(user);
  const rows = ACCOUNTS.map(({ account_id, region }) => {
    const users = history.users.filter((user) => user.account_id === account_id && isMember(user.user_id));
    const mine = history.events.filter(
      ({ user, name }) =>
        users.some(({ user_id }) => user_id === user) &&
        (event.label === ANY_EVENT.label || event.label === name),
    );
    const within = (fromMs: number | undefined, toMs: number | undefined) => {
      const found = mine.filter(({ time }) => isIn({ fromMs, toMs }, time));
      return { found, events: found.length, users: new Set(found.map(({ user }) => user)).size };
    };
    const used = within(question.fromMs, question.toMs);
    const now = within(back(every, toMs, 1), toMs);
    const before = within(back(every, toMs, 2), back(every, toMs, 1));
    return {
      ...{ account: account_id, events: used.events, users: users.length, activeUsers: used.users },
      ...{ eventsNow: now.events, usersNow: now.users },
      ...{ eventsBefore: before.events, usersBefore: before.users },
      lastSeenMs: used.events === 0 ? null : Math.max(...used.found.map(({ time }) => time)),
      shown: show.map(() => region),
    };
  });
  const listed = rows
    .filter(({ users }) => among === undefined || users > 0)
    .sort((one, other) => other.events - one.events || (one.account < other.account ? -1 : 1));
  return listed.slice(0, top).map((row) => ({ ...row, accounts: listed.length }));
}

const aQuestion: fc.Arbitrary<AccountsQuestion> = fc
  .record(
    {
      event: fc.constantFrom(ANY_EVENT, eventNamed('A')),
      every: fc.constantFrom('day', 'week', 'month'),
      show: fc.constantFrom([], [{ of: 'account', name: 'region' }]),
      top: fc.constantFrom(2, 100),
      among: fc.constant({ hold: 'all', rules: [{ did: eventNamed('B') }] }),
    },
    { requiredKeys: ['event', 'every', 'show', 'top'] },
  )
  .chain((question) => aRange.map((range) => ({ ...SCOPE, ...question, ...range }) as AccountsQuestion));

test('accountsQuery() counts what counting account by account counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 10, maxLength: 10 }),
      async (history, questions) => {
        await loadHistory(database, history);
        for (const question of questions) {
          const rows = await database.rowsOf<AccountRow>(accountsQuery(question));
          assert.deepEqual(rows, expectedRows(history, question), JSON.stringify(question));
        }
      },
    ),
    { numRuns: 12, ...UNSHRUNK },
  );
});

const QUESTION: AccountsQuestion = { ...SCOPE, event: ANY_EVENT, every: 'week', show: [], top: 10 };

test('accountsQuery() compares the time up to now where the range ends later or not at all', async () => {
  const now = Date.now();
  await database.loadUsers([{ user_id: 1, account_id: 'acme', joindate: 0 }]);
  await database.loadAccounts([{ account_id: 'acme', user_count: 1 }]);
  await database.load([
    { user: 1, time: now - DAY_MS, id: 1, name: 'A' },
    { user: 1, time: now - 8 * DAY_MS, id: 2, name: 'A' },
    { user: 1, time: now - 9 * DAY_MS, id: 3, name: 'A' },
  ]);
  for (const toMs of [undefined, now + 30 * DAY_MS]) {
    const [row] = await database.rowsOf<AccountRow>(
      accountsQuery({ ...QUESTION, toMs, fromMs: now - 2 * DAY_MS }),
    );
    const { events = 0, eventsNow = 0, eventsBefore = 0 } = row ?? {};
    assert.deepEqual({ events, eventsNow, eventsBefore }, { events: 1, eventsNow: 1, eventsBefore: 2 });
  }
});

test('accountsQuery() refuses an environment without accounts, and what accounts do not have', () => {
  assert.throws(() => accountsQuery({ ...QUESTION, accountIdProperty: '' }), {
    name: 'RangeError',
    message:
      'Cannot ask for accounts: the environment main_production has no option accountIdProperty, which names the user property that holds the account',
  });
  assert.throws(
    () => accountsQuery({ ...QUESTION, show: [{ of: 'user', name: 'plan' }] }),
    /Cannot show "user.plan"/,
  );
  assert.throws(() => accountsQuery({ ...QUESTION, top: 0 }), /Cannot tell so many accounts apart/);
});
