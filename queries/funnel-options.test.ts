/** Every option of a funnel, alone and with others, against trying every attempt there is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { bestAttempts, funnelOracle, type People } from '../test/support/funnel-oracle.ts';
import {
  QUESTION_DATABASE,
  type QuestionDatabase,
  type QuestionEvent,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
import { UNSHRUNK } from '../test/support/question-history.ts';
import { type EventMatch, type EventPattern, eventNamed } from './event-match.ts';
import {
  type FunnelQuestion,
  type FunnelRow,
  type FunnelUserRow,
  funnelQuery,
  funnelUsersQuery,
  PLAIN_FUNNEL,
} from './funnel.ts';
import { inlineParams } from './inline-params.ts';
import type { PropertyRef } from './property-ref.ts';

/** A day has three times, and the first ones lie in one month and week, the others in the next. */
const UNIT_MS = 8 * 3_600_000;
const START_MS = Date.UTC(2026, 1, 28, 16);
const atTime = (unit: number) => START_MS + unit * UNIT_MS;

const USERS = [1, 2, 3, 4, 5];
const PEOPLE: People = {
  users: USERS.map((user) => ({
    user_id: user,
    identity: user === 5 ? null : `user${user}@example.com`,
    account_id: ['acme', 'bolt', null][user % 3] ?? null,
    tier: ['gold', 'tin', null][user % 3] ?? null,
  })),
  sessions: USERS.flatMap((user) =>
    [0, 1].flatMap((device) =>
      [1, 2].map((session) => ({
        device_id: user * 10 + device,
        session_id: session,
        utm_source: session === 1 ? 'mail' : null,
      })),
    ),
  ),
  accounts: [
    { account_id: 'acme', seats: 10 },
    { account_id: 'bolt', seats: 200 },
  ],
};

/** Few names, times and ids, so that repeats, ties and both sides of every bound come up. */
const anEvent = fc
  .record({
    user: fc.constantFrom(...USERS),
    device: fc.integer({ min: 0, max: 1 }),
    session: fc.integer({ min: 0, max: 2 }),
    unit: fc.integer({ min: 0, max: 7 }),
    id: fc.integer({ min: 1, max: 2 }),
    name: fc.constantFrom('A', 'B', 'C', 'X'),
  })
  .map(({ user, device, session, unit, id, name }): QuestionEvent => {
    // Depends on (time, event id) alone, so that events that tie have the same value.
    const plan = ['free', 'pro', null][(unit + id) % 3] ?? null;
    return {
      ...{ user, device: user * 10 + device, session, id, name, time: atTime(unit) },
      properties: { ...(plan === null ? {} : { plan }), size: unit * id },
      fields: { browser: ['Chrome', 'Firefox', ''][(unit * id) % 3] ?? '' },
    };
  });

const PLAN: PropertyRef = { of: 'event', name: 'plan' };
const aPattern: fc.Arbitrary<EventPattern> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('A', 'B', 'C').map((name) => ({ names: [name] })) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<EventPattern>(
      { names: ['A', 'B'] },
      { names: ['B', 'C'] },
      { names: ['A'], where: [{ property: PLAN, is: 'one of', values: ['free', 'team'] }] },
      { names: ['A'], where: [{ property: PLAN, is: 'one of', values: ['pro'] }] },
      { names: ['B', 'C'], where: [{ property: PLAN, is: 'none of', values: ['pro'] }] },
      { where: [{ property: { of: 'field', name: 'browser' }, is: 'starting with', value: 'Fire' }] },
      { where: [{ property: { of: 'event', name: 'size' }, is: 'at least', value: 9 }] },
      { names: ['A', 'C'], where: [{ property: { of: 'user', name: 'tier' }, is: 'known' }] },
      { names: ['B'], where: [{ property: { of: 'account', name: 'seats' }, is: 'more than', value: 20 }] },
      { names: ['A', 'B'], where: [{ property: { of: 'session', name: 'utm_source' }, is: 'unknown' }] },
    ),
  },
);
const aMatch: fc.Arbitrary<EventMatch> = fc
  .array(aPattern, { minLength: 1, maxLength: 2 })
  .map((anyOf) => ({ label: 'some', anyOf }));

const aProperty = (subject: FunnelQuestion['subject']) =>
  fc.constantFrom<PropertyRef>(
    PLAN,
    { of: 'field', name: 'browser' },
    { of: 'account', name: 'seats' },
    ...(subject === 'account' ? [] : [{ of: 'user', name: 'tier' } as const]),
    ...(subject === 'session' ? [{ of: 'session', name: 'utm_source' } as const] : []),
  );

const aQuestion = fc
  .record({
    steps: fc.array(aMatch, { minLength: 1, maxLength: 4 }),
    subject: fc.constantFrom('user', 'user', 'account', 'session'),
  } as const)
  .chain(({ steps, subject }) => {
    const step = fc.integer({ min: 1, max: steps.length });
    const anExclusion = fc
      .record({
        event: fc.oneof(fc.constant<EventMatch>({ label: 'X', anyOf: [{ names: ['X'] }] }), aMatch),
        one: step,
        other: step,
      })
      .filter(({ one, other }) => one !== other)
      .map(({ event, one, other }) => ({ event, after: Math.min(one, other), before: Math.max(one, other) }));
    return fc.record({
      environment: fc.constant(1),
      database: fc.constant(QUESTION_DATABASE),
      accountIdProperty: fc.constant('company'),
      steps: fc.constant(steps),
      subject: fc.constant(subject),
      order: fc.constantFrom('later', 'later', 'next', 'any'),
      withinMs: fc.option(
        fc
          .integer({ min: 0, max: 6 })
          .chain((units) =>
            fc.constantFrom(units * UNIT_MS, units * UNIT_MS + 1, Math.max(0, units * UNIT_MS - 1)),
          ),
        { nil: undefined },
      ),
      oneSession: fc.boolean(),
      exclusions: steps.length === 1 ? fc.constant([]) : fc.array(anExclusion, { maxLength: 2 }),
      by: fc.option(fc.record({ property: aProperty(subject), step }), { nil: undefined }),
      top: fc.constantFrom(undefined, 1, 2),
      every: fc.option(fc.constantFrom('hour', 'day', 'week', 'month'), { nil: undefined }),
      times: fc.boolean(),
      anchor: fc.constantFrom('any', 'any', 'first'),
      fromMs: fc.constantFrom(undefined, undefined, atTime(1), atTime(1) + 1),
      toMs: fc.constantFrom(undefined, undefined, atTime(7), atTime(6) - 1),
    } as const);
  })
  .map((question): FunnelQuestion => {
    const anchor = question.order === 'later' ? question.anchor : 'any';
    return { ...question, anchor, exclusions: question.order === 'any' ? [] : question.exclusions };
  });

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
  await database.loadUsers(PEOPLE.users);
  await database.loadSessions(PEOPLE.sessions);
  await database.loadAccounts(PEOPLE.accounts);
});

after(() => database.stop());

function always(
  numRuns: number,
  check: (question: FunnelQuestion, events: readonly QuestionEvent[]) => Promise<void>,
) {
  return fc.assert(
    fc.asyncProperty(
      fc.array(anEvent, { maxLength: 70, size: 'max' }),
      fc.array(aQuestion, { minLength: 6, maxLength: 6 }),
      async (events, questions) => {
        await database.load(events);
        for (const question of questions) await check(question, events);
      },
    ),
    { numRuns, ...UNSHRUNK },
  );
}

/** Times are interpolated in another order of operations. */
const rounded = (rows: readonly object[]) =>
  JSON.parse(JSON.stringify(rows), (_, value) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  );

test('funnelQuery() answers with any options what trying every attempt answers', () =>
  always(15, async (question, events) => {
    const expected = rounded(funnelOracle(question, events, PEOPLE));
    const query = funnelQuery(question);
    assert.deepEqual(rounded(await database.rowsOf<FunnelRow>(query)), expected);
    assert.deepEqual(
      rounded(await database.rowsOf<FunnelRow>({ sql: inlineParams(query), params: {} })),
      expected,
    );
  }));

test('funnelUsersQuery() lists with any options whom trying every attempt finds', () =>
  always(8, async (question, events) => {
    const { steps, subject } = question;
    const bests = bestAttempts({ ...question, every: undefined }, events, PEOPLE);
    for (const reached of [1, steps.length]) {
      for (const lost of reached < steps.length ? [true, false] : [false]) {
        const rows = await database.rowsOf<FunnelUserRow>(
          funnelUsersQuery(question, { reached, lost }, 1000),
        );
        const found = rows.map(({ user_id, account, device_id, session_id, ...row }) => [
          subject === 'user'
            ? String(user_id)
            : subject === 'account'
              ? account
              : `${device_id}/${session_id}`,
          row.reached,
          row.startedMs,
          row.reachedMs,
        ]);
        const expected = bests
          .filter(({ attempt }) => (lost ? attempt.length === reached : attempt.length >= reached))
          .map(({ subject: name, attempt }) => [
            name,
            attempt.length,
            attempt[0]?.time,
            attempt.at(-1)?.time,
          ]);
        assert.deepEqual(found.toSorted(), expected.toSorted());
        assert.deepEqual(
          rows.map(({ reachedMs }) => reachedMs),
          rows.map(({ reachedMs }) => reachedMs).toSorted((one, other) => other - one),
        );
        for (const { user_id, identity, session_id, device_id } of rows) {
          if (subject === 'account') assert.deepEqual([user_id, identity], [null, null]);
          else assert.equal(identity, PEOPLE.users.find((user) => user['user_id'] === user_id)?.['identity']);
          if (subject === 'session') assert.equal(Math.floor((device_id ?? 0) / 10), user_id);
          else assert.equal(session_id, null);
        }
      }
    }
  }));

type Case = {
  title: string;
  events: [unit: number, id: number, name: string, session?: number][];
  steps: string[];
  options: Partial<FunnelQuestion>;
  rows: object[];
};

const units = (...counts: number[]) => counts.map((count) => Array(4).fill(count * UNIT_MS));
const noX = (after: number, before: number): Partial<FunnelQuestion> => ({
  exclusions: [{ event: eventNamed('X'), after, before }],
});

/** What random histories seldom hold. */
const cases: Case[] = [
  {
    title: 'of two sessions that end alike takes the one that began last',
    events: [
      [0, 1, 'A', 1],
      [1, 1, 'A', 2],
      [2, 2, 'B', 1],
      [2, 2, 'B', 2],
    ],
    steps: ['A', 'B'],
    options: { oneSession: true, times: true },
    rows: [{ counts: [1, 1], betweenMs: units(1), wholeMs: units(1)[0] }],
  },
  {
    title: 'of two sessions takes the one that got there first, with times asked for too',
    events: [
      [0, 1, 'X', 1],
      [1, 2, 'A', 1],
      [4, 3, 'B', 1],
      [2, 4, 'A', 2],
      [3, 5, 'B', 2],
    ],
    steps: ['A', 'B'],
    options: { order: 'next', oneSession: true, times: true },
    rows: [{ counts: [1, 1], betweenMs: units(1), wholeMs: units(1)[0] }],
  },
  {
    title: 'in any order begins with the last event that will do, among events that end it at one time',
    events: [
      [0, 1, 'A'],
      [1, 2, 'A'],
      [1, 2, 'B'],
    ],
    steps: ['B', 'A'],
    options: { order: 'any', times: true },
    rows: [{ counts: [1, 1], betweenMs: units(0), wholeMs: units(0)[0] }],
  },
  {
    title: 'lets no attempt of a period begin in a later one',
    events: [
      [0, 1, 'A'],
      [1, 2, 'A'],
      [2, 3, 'B'],
    ],
    steps: ['A', 'B'],
    options: { every: 'day', times: true },
    rows: [
      { period: '2026-02-28', counts: [1, 1], betweenMs: units(2), wholeMs: units(2)[0] },
      { period: '2026-03-01', counts: [1, 1], betweenMs: units(1), wholeMs: units(1)[0] },
    ],
  },
  {
    title: 'takes the earliest event of a step that no excluded one comes after',
    events: [
      [0, 1, 'A'],
      [1, 2, 'B'],
      [2, 3, 'X'],
      [3, 4, 'B'],
      [4, 5, 'B'],
      [5, 6, 'C'],
    ],
    steps: ['A', 'B', 'C'],
    options: { ...noX(2, 3), times: true },
    rows: [{ counts: [1, 1, 1], betweenMs: units(3, 2), wholeMs: units(5)[0] }],
  },
  {
    title: 'takes an excluded event that ties with a step for none that comes before it',
    events: [
      [0, 1, 'A'],
      [1, 2, 'B'],
      [1, 2, 'X'],
    ],
    steps: ['A', 'B'],
    options: { ...noX(1, 2), anchor: 'first' },
    rows: [{ counts: [1, 1] }],
  },
];

for (const { title, events, steps, options, rows } of cases) {
  test(`funnelQuery() ${title}`, async () => {
    await database.load(
      events.map(([unit, id, name, session = 0]) => ({ user: 1, id, name, session, time: atTime(unit) })),
    );
    const question: FunnelQuestion = {
      ...{ ...PLAIN_FUNNEL, environment: 1, database: QUESTION_DATABASE, accountIdProperty: '' },
      ...{ steps: steps.map(eventNamed), ...options },
    };
    assert.deepEqual(await database.rowsOf<FunnelRow>(funnelQuery(question)), rows);
  });
}
