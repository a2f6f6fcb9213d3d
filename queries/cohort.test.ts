import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  type QuestionDatabase,
  type QuestionEvent,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
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
import { type Cohort, type CohortQuestion, type CohortRow, type CohortRule, cohortQuery } from './cohort.ts';
import { type Condition, eventNamed } from './event-match.ts';
import { eventRows } from './event-rows.ts';
import { Parameters } from './parameters.ts';
import type { QuestionScope } from './question-scope.ts';

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

/** Whether one condition holds of a value, of those conditions that are asked here. */
function holds(condition: Condition, value: string | null): boolean {
  switch (condition.is) {
    case 'one of':
      return value !== null && condition.values.includes(value);
    case 'none of':
      return value === null || !condition.values.includes(value);
    case 'unknown':
      return value === null;
    default:
      return value !== null;
  }
}

function keeps(rule: CohortRule, user: number, { events, users }: History, scope: QuestionScope): boolean {
  if ('has' in rule) {
    const known = users.find(({ user_id }) => user_id === user);
    const account = ACCOUNTS.find(({ account_id }) => account_id === known?.account_id);
    const value = rule.has.property.of === 'user' ? known?.plan : account?.region;
    return holds(rule.has, value ?? null);
  }
  const range = { fromMs: rule.fromMs ?? scope.fromMs, toMs: rule.toMs ?? scope.toMs };
  const times = events.filter(
    (event) => event.user === user && event.name === rule.did.label && isIn(range, event.time),
  ).length;
  return times >= (rule.atLeast ?? (rule.atMost === undefined ? 1 : 0)) && times <= (rule.atMost ?? times);
}

function isMember({ hold, rules }: Cohort, user: number, history: History, scope: QuestionScope): boolean {
  const kept = rules.map((rule) => keeps(rule, user, history, scope));
  return hold === 'all' ? kept.every(Boolean) : kept.some(Boolean);
}

function expectedRows(history: History, question: CohortQuestion): CohortRow[] {
  const { cohort, among, list } = question;
  const seen = (user: number): number | null =>
    history.events
      .filter((event) => event.user === user)
      .reduce<number | null>((last, { time }) => (last === null || time > last ? time : last), null);
  const found = history.users
    .filter(
      ({ user_id }) =>
        isMember(cohort, user_id, history, question) &&
        (among === undefined || isMember(among, user_id, history, question)),
    )
    .map(({ user_id, identity }) => ({ user_id, identity, lastSeenMs: seen(user_id) }))
    .sort((one, other) => (other.lastSeenMs ?? 0) - (one.lastSeenMs ?? 0) || one.user_id - other.user_id)
    .slice(0, list);
  const users = history.users.filter(
    ({ user_id }) =>
      isMember(cohort, user_id, history, question) &&
      (among === undefined || isMember(among, user_id, history, question)),
  ).length;
  const nobody = { user_id: null, identity: null, lastSeenMs: null };
  return (found.length === 0 ? [nobody] : found).map((row) => ({ users, ...row }));
}

const aCondition = fc
  .tuple(
    fc.constantFrom(
      { property: { of: 'user', name: 'plan' }, values: ['free'] },
      { property: { of: 'account', name: 'region' }, values: ['north'] },
    ),
    fc.constantFrom('one of', 'none of', 'known', 'unknown'),
  )
  .map(([condition, is]) => ({ ...condition, is }) as Condition);

const aRule: fc.Arbitrary<CohortRule> = fc.oneof(
  fc
    .record(
      {
        did: fc.constantFrom(eventNamed('A'), eventNamed('B'), eventNamed("it's {x:String}")),
        atLeast: fc.integer({ min: 0, max: 2 }),
        atMost: fc.integer({ min: 2, max: 4 }),
      },
      { requiredKeys: ['did'] },
    )
    .chain((rule) => aRange.map((range) => ({ ...rule, ...range }))),
  fc.constantFrom('A', 'B').map((name) => ({ did: eventNamed(name), atMost: 0 })),
  aCondition.map((has) => ({ has })),
);

const aCohort: fc.Arbitrary<Cohort> = fc.record({
  hold: fc.constantFrom('all', 'any'),
  rules: fc.array(aRule, { minLength: 1, maxLength: 3 }),
});

const aQuestion: fc.Arbitrary<CohortQuestion> = fc
  .record(
    { cohort: aCohort, among: aCohort, list: fc.constantFrom(0, 3, 100) },
    { requiredKeys: ['cohort', 'list'] },
  )
  .chain((question) => aRange.map((range) => ({ ...SCOPE, ...question, ...range })));

test('cohortQuery() finds whom trying each rule on each user finds', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 12, maxLength: 12 }),
      async (history, questions) => {
        await loadHistory(database, history);
        for (const question of questions) {
          const rows = await database.rowsOf<CohortRow>(cohortQuery(question));
          assert.deepEqual(rows, expectedRows(history, question), JSON.stringify(question));
        }
      },
    ),
    { numRuns: 10, ...UNSHRUNK },
  );
});

test('eventRows() of a cohort are those of its members, its rules in their own times', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(fc.tuple(aCohort, aRange, aRange), { minLength: 8, maxLength: 8 }),
      async (history, asked) => {
        await loadHistory(database, history);
        for (const [among, range, read] of asked) {
          const scope = { ...SCOPE, ...range, among };
          const parameters = new Parameters();
          const rows = eventRows(scope, parameters, {
            matches: [eventNamed('A'), eventNamed('B')],
            values: [{ of: 'user', name: 'plan' }],
            subject: 'user',
            read,
          });
          const sql = `SELECT user_id AS user, event_id AS id, at AS time, name FROM (${rows}) ORDER BY ALL`;
          const expected = history.events
            .filter(({ user, name, time }) => {
              return (
                'AB'.includes(name) &&
                isIn({ ...range, ...read }, time) &&
                isMember(among, user, history, scope)
              );
            })
            .map(({ user, id, time, name }) => ({ user, id, time, name }))
            .sort(byAll);
          assert.deepEqual(await database.rowsOf({ sql, params: parameters.values }), expected);
        }
      },
    ),
    { numRuns: 8, ...UNSHRUNK },
  );
});

type Row = Pick<QuestionEvent, 'user' | 'id' | 'time' | 'name'>;

function byAll(one: Row, other: Row): number {
  return (
    one.user - other.user || one.id - other.id || one.time - other.time || (one.name < other.name ? -1 : 1)
  );
}

const QUESTION: CohortQuestion = {
  ...SCOPE,
  cohort: { hold: 'all', rules: [{ did: eventNamed('A') }] },
  list: 0,
};

test('cohortQuery() refuses rules that say nothing', () => {
  const did = eventNamed('A');
  const has = (of: 'event' | 'account'): CohortRule => ({
    has: { property: { of, name: 'x' }, is: 'known' },
  });
  const refused: readonly (readonly CohortRule[])[] = [
    [],
    Array.from({ length: 21 }, () => ({ did })),
    [{ did, atLeast: 3, atMost: 2 }],
    [{ did, atLeast: -1 }],
    [{ did, atLeast: 1.5 }],
    [has('event')],
  ];
  for (const rules of refused) {
    const cohort: Cohort = { hold: 'all', rules };
    assert.throws(() => cohortQuery({ ...QUESTION, cohort }), RangeError, JSON.stringify(rules));
  }
  assert.throws(() => cohortQuery({ ...QUESTION, list: -1 }), RangeError);
  assert.throws(
    () =>
      cohortQuery({ ...QUESTION, accountIdProperty: '', cohort: { hold: 'all', rules: [has('account')] } }),
    /Cannot ask for accounts: the environment main_production has no option accountIdProperty/,
  );
});

test('cohortQuery() puts nothing from outside into the text', () => {
  const outside = "x'; DROP TABLE cairn.resolved_events; --";
  const rules: readonly CohortRule[] = [
    {
      did: {
        label: outside,
        anyOf: [
          {
            names: [outside],
            where: [{ property: { of: 'event', name: outside }, is: 'matching', value: outside }],
          },
        ],
      },
    },
    { has: { property: { of: 'user', name: outside }, is: 'one of', values: [outside] } },
  ];
  const { sql } = cohortQuery({ ...QUESTION, database: outside, cohort: { hold: 'any', rules }, list: 5 });
  assert.ok(!/drop/i.test(sql));
});
