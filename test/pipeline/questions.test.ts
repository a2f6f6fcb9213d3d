/** Questions of every kind, asked of the views that readers have: users are who their devices are now. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { accountsQuery } from '#queries/accounts.ts';
import { type Cohort, cohortQuery } from '#queries/cohort.ts';
import { ANY_EVENT, type EventMatch, eventNamed } from '#queries/event-match.ts';
import { pathsQuery } from '#queries/paths.ts';
import type { Query } from '#queries/query.ts';
import type { QuestionScope } from '#queries/question-scope.ts';
import type {
  AccountsQuestion,
  PathsQuestion,
  RetentionQuestion,
  TrendQuestion,
} from '#queries/questions.ts';
import { retentionQuery } from '#queries/retention.ts';
import { sessionsQuery } from '#queries/sessions.ts';
import { trendQuery } from '#queries/trend.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { T0 } from '../support/loader-in-memory.ts';
import { startViewDatabase, type ViewDatabase } from '../support/view-database.ts';

const DAY_MS = 86_400_000;
const ENVIRONMENT = {
  ...{ number: 1, appId: '11', name: 'main_production', apiKey: '' },
  options: { ...DEFAULT_OPTIONS, accountIdProperty: 'company' },
};
const SCOPE: QuestionScope = {
  ...{ environment: 1, database: 'main_production', accountIdProperty: 'company' },
  toMs: T0 + 2 * DAY_MS,
};
const ANN = canonicalUserId(1, 'ann');

let database: ViewDatabase;
let clickhouse: ClickHouseClient;

/** Ann looks on one device and buys on another, which say who she is afterwards; somebody looks; Cleo is known by a property alone. */
before(async () => {
  database = await startViewDatabase([ENVIRONMENT]);
  clickhouse = createClient({
    url: database.url,
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  await database.start();
  const [looks, buys] = [
    { name: 'View', session_id: 7, path: '/prices', browser: 'Firefox' },
    { name: 'Purchase', session_id: 7, properties: '{"total":30}' },
  ];
  await database.loadRecords(
    { device_id: 1, event_id: 1, time: T0, ...looks },
    { device_id: 2, event_id: 2, time: T0 + DAY_MS, ...buys },
    { device_id: 3, event_id: 3, time: T0 + 1, ...looks },
    { device_id: 1, event_id: 4, kind: 'user_properties', properties: '{"plan":"pro","company":"acme"}' },
    { device_id: 3, event_id: 5, kind: 'user_properties', properties: '{"company":"bolt"}' },
    { device_id: 4, event_id: 6, kind: 'user_properties', properties: '{"plan":"free"}' },
    { event_id: 7, kind: 'account_properties', account_id: 'acme', properties: '{"Region":"north"}' },
  );
  const visit = { session_id: 7, started_at: T0, ended_at: T0 + 5000, library: 'web' };
  await database.loadSessions(
    { device_id: 1, event_id: 1, ...visit, browser: 'Firefox' },
    { device_id: 2, event_id: 2, ...visit, started_at: T0 + DAY_MS, ended_at: T0 + DAY_MS },
    { device_id: 3, event_id: 3, ...visit, browser: 'Firefox' },
  );
  await database.bind(1, 'ann');
  await database.bind(2, 'ann');
  await database.bind(4, 'cleo');
});

after(async () => {
  await clickhouse?.close();
  await database?.stop();
});

async function rowsOf({ sql, params }: Query): Promise<unknown[]> {
  const answer = await clickhouse.query({ query: sql, query_params: params, format: 'JSONEachRow' });
  return answer.json();
}

const VIEW = eventNamed('View');
const PURCHASE = eventNamed('Purchase');
const IN_THE_NORTH: Cohort = {
  hold: 'all',
  rules: [
    { has: { property: { of: 'account', name: 'Region' }, is: 'one of', values: ['north'] } },
    { did: PURCHASE },
  ],
};
/** Seen with Firefox on the prices: a condition on a field and on the session, which is not that of the same id elsewhere. */
const LOOKED: EventMatch = {
  label: 'looked',
  anyOf: [
    {
      names: ['View'],
      where: [
        { property: { of: 'field', name: 'path' }, is: 'starting with', value: '/pri' },
        { property: { of: 'session', name: 'browser' }, is: 'one of', values: ['Firefox'] },
      ],
    },
  ],
};

test('retention follows a user over devices, split by what is known of the user', async () => {
  const question: RetentionQuestion = {
    ...SCOPE,
    start: VIEW,
    back: PURCHASE,
    every: 'day',
    periods: 2,
    cohorts: 'first in range',
    counts: 'in',
    subject: 'user',
    by: { of: 'user', name: 'plan' },
  };
  const cohort = '2026-01-01';
  assert.deepEqual(await rowsOf(retentionQuery(question)), [
    { cohort, value: 'pro', others: false, users: 1, returned: [0, 1, null] },
    { cohort, value: null, others: false, users: 1, returned: [0, 0, null] },
  ]);
  assert.deepEqual(await rowsOf(retentionQuery({ ...question, subject: 'account', by: undefined })), [
    { cohort, users: 2, returned: [0, 1, null] },
  ]);
});

test('paths follow a user over devices, and end with a session where they are to', async () => {
  const question: PathsQuestion = {
    ...SCOPE,
    point: LOOKED,
    direction: 'after',
    steps: [],
    depth: 2,
    top: 5,
    oneSession: false,
    collapse: false,
  };
  assert.deepEqual(await rowsOf(pathsQuery(question)), [
    { steps: ['looked'], paths: 1, users: 1, others: false },
    { steps: ['looked', 'Purchase'], paths: 1, users: 1, others: false },
  ]);
  assert.deepEqual(await rowsOf(pathsQuery({ ...question, oneSession: true })), [
    { steps: ['looked'], paths: 2, users: 2, others: false },
  ]);
});

test('a cohort has users by what they did on any device, by their account, and those who only have properties', async () => {
  const ann = { users: 1, user_id: ANN, identity: 'ann', lastSeenMs: T0 + DAY_MS };
  assert.deepEqual(await rowsOf(cohortQuery({ ...SCOPE, cohort: IN_THE_NORTH, list: 5 })), [ann]);
  const never: Cohort = { hold: 'all', rules: [{ did: VIEW, atMost: 0 }] };
  assert.deepEqual(await rowsOf(cohortQuery({ ...SCOPE, cohort: never, list: 5 })), [
    { users: 1, user_id: canonicalUserId(1, 'cleo'), identity: 'cleo', lastSeenMs: null },
  ]);
});

test('a trend measures users, accounts, sessions and properties, and among a cohort only its own', async () => {
  const question: TrendQuestion = {
    ...SCOPE,
    every: 'week',
    top: 5,
    series: [
      ...(['events', 'users', 'accounts', 'sessions'] as const).map((of) => ({
        event: ANY_EVENT,
        measure: { of },
      })),
      { event: PURCHASE, measure: { of: 'sum', property: { of: 'event', name: 'total' } } },
    ],
  };
  const period = '2025-12-29';
  assert.deepEqual(await rowsOf(trendQuery(question)), [{ period, events: 3, measures: [3, 2, 2, 3, 30] }]);
  const among: TrendQuestion = { ...question, among: IN_THE_NORTH, by: { of: 'account', name: 'Region' } };
  assert.deepEqual(await rowsOf(trendQuery(among)), [
    { period, value: 'north', others: false, events: 2, measures: [2, 1, 1, 2, 30] },
  ]);
});

test('sessions are split by what they have, and by what their users and accounts have', async () => {
  const split = async (of: 'session' | 'user' | 'account', name: string) =>
    (await rowsOf(sessionsQuery({ ...SCOPE, by: { of, name } }))).map((row) => {
      const { value, sessions, users } = row as { value: string | null; sessions: number; users: number };
      return [value, sessions, users];
    });
  assert.deepEqual(await split('session', 'browser'), [
    ['Firefox', 2, 2],
    [null, 1, 1],
  ]);
  assert.deepEqual(await split('user', 'plan'), [
    ['pro', 2, 1],
    [null, 1, 1],
  ]);
  assert.deepEqual(await split('account', 'Region'), [
    ['north', 2, 1],
    [null, 1, 1],
  ]);
});

test('the report of accounts shows what they are and how they are used', async () => {
  const question: AccountsQuestion = {
    ...SCOPE,
    event: ANY_EVENT,
    every: 'day',
    show: [{ of: 'account', name: 'Region' }],
    top: 5,
  };
  const lately = { eventsNow: 1, usersNow: 1, eventsBefore: 1, usersBefore: 1 };
  const acme = { account: 'acme', events: 2, users: 1, activeUsers: 1, ...lately, lastSeenMs: T0 + DAY_MS };
  const bolt = { account: 'bolt', events: 1, users: 1, activeUsers: 1, ...lately, eventsNow: 0, usersNow: 0 };
  assert.deepEqual(await rowsOf(accountsQuery(question)), [
    { ...acme, shown: ['north'], accounts: 2 },
    { ...bolt, lastSeenMs: T0 + 1, shown: [null], accounts: 2 },
  ]);
  assert.deepEqual(await rowsOf(accountsQuery({ ...question, among: IN_THE_NORTH })), [
    { ...acme, shown: ['north'], accounts: 1 },
  ]);
});
