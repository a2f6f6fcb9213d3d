import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { ANY_EVENT, eventNamed } from './event-match.ts';
import { parseQuestion, type QuestionReading } from './parse-question.ts';
import { problemText } from './written/place.ts';
import { ENVIRONMENTS, KINDS, questionsOf } from './written/testing.ts';
import { writtenQuestion } from './written/write-question.ts';

const reading: QuestionReading = {
  nowMs: Date.UTC(2026, 2, 31),
  environments: ENVIRONMENTS,
  definitions: new Map([
    ['Engaged', { label: 'Engaged', anyOf: [{ names: ['Play'] }, { names: ['Share'] }] }],
  ]),
};
const docsReading = {
  ...reading,
  environments: [{ ...ENVIRONMENTS[0], name: 'main_production' }],
} as QuestionReading;
const scope = { environment: 1, database: 'shop', accountIdProperty: 'company' };

const read = (yaml: string, given = reading) => parseQuestion(parse(yaml), given);
const problemsOf = (yaml: string, given = reading) => read(yaml, given).problems?.map(problemText) ?? [];

for (const ask of KINDS) {
  test(`parseQuestion() reads what writtenQuestion() writes of a ${ask} question, by way of JSON`, () => {
    fc.assert(
      fc.property(questionsOf(ask), (question) => {
        const written = JSON.parse(JSON.stringify(writtenQuestion(question)));
        const parsed = parseQuestion(written, { nowMs: Date.UTC(2300, 0), environments: ENVIRONMENTS });
        assert.deepEqual(parsed.problems?.map(problemText), undefined);
        assert.deepEqual(parsed.question, question);
      }),
      { numRuns: 200 },
    );
  });
}

test('parseQuestion() reads a funnel as people write it', () => {
  const parsed = read(`
ask: funnel
title: From the prices to a purchase
from: -30d
to: now
among: user.plan in pro, "team, large"
steps:
  - event: pageview
    where: field.path starts with /prices
    label: Prices
  - any of: [Signup, { event: Invited, where: [source != api, user.age >= 18] }]
  - '@Engaged'
  - { definition: Engaged, where: { property: price, is: at least, value: 10 } }
  - '*'
within: 7d
one session: true
exclude:
  - Refund
  - { event: Logout, after: 1, before: 2 }
by: { property: '"user.plan"', step: 2 }
`);
  if (parsed.problems !== undefined) assert.fail(parsed.problems.map(problemText).join('\n'));
  const { question, title, warnings } = parsed;
  const of = (scope: string, name: string) => ({ of: scope, name });
  assert.equal(title, 'From the prices to a purchase');
  assert.deepEqual(warnings, []);
  assert.deepEqual(question, {
    ask: 'funnel',
    ...scope,
    fromMs: Date.UTC(2026, 2, 1),
    toMs: Date.UTC(2026, 2, 31),
    among: {
      hold: 'all',
      rules: [{ has: { property: of('user', 'plan'), is: 'one of', values: ['pro', 'team, large'] } }],
    },
    steps: [
      {
        label: 'Prices',
        anyOf: [
          {
            names: ['pageview'],
            where: [{ property: of('field', 'path'), is: 'starting with', value: '/prices' }],
          },
        ],
      },
      {
        label: 'Signup or Invited (source != api, user.age >= 18)',
        anyOf: [
          { names: ['Signup'] },
          {
            names: ['Invited'],
            where: [
              { property: of('event', 'source'), is: 'none of', values: ['api'] },
              { property: of('user', 'age'), is: 'at least', value: 18 },
            ],
          },
        ],
      },
      { label: 'Engaged', anyOf: [{ names: ['Play'] }, { names: ['Share'] }] },
      {
        label: 'Engaged (price >= 10)',
        anyOf: ['Play', 'Share'].map((name) => ({
          names: [name],
          where: [{ property: of('event', 'price'), is: 'at least', value: 10 }],
        })),
      },
      ANY_EVENT,
    ],
    order: 'later',
    withinMs: 7 * 86_400_000,
    oneSession: true,
    exclusions: [
      { event: eventNamed('Refund'), after: 1, before: 5 },
      { event: eventNamed('Logout'), after: 1, before: 2 },
    ],
    subject: 'user',
    by: { property: of('event', 'user.plan'), step: 2 },
    times: false,
    anchor: 'any',
  });
});

test('parseQuestion() fills in what a short question leaves out', () => {
  assert.deepEqual(read('ask: retention').question, {
    ask: 'retention',
    ...scope,
    start: ANY_EVENT,
    back: ANY_EVENT,
    every: 'day',
    periods: 7,
    cohorts: 'first in range',
    counts: 'in',
    subject: 'user',
  });
  assert.deepEqual(
    read('{ ask: trend, series: [Purchase, { event: Purchase, measure: sum of total }] }').question,
    {
      ask: 'trend',
      ...scope,
      series: [
        { event: eventNamed('Purchase'), measure: { of: 'events' } },
        { event: eventNamed('Purchase'), measure: { of: 'sum', property: { of: 'event', name: 'total' } } },
      ],
      every: 'day',
      top: 10,
    },
  );
  assert.deepEqual(read('{ ask: sessions, by: null }').question, { ask: 'sessions', ...scope });
});

test('parseQuestion() warns of a window longer than the range, and of a future range', () => {
  const warnings = (yaml: string) => {
    const parsed = read(yaml);
    return (parsed.problems ?? parsed.warnings).map(problemText);
  };
  assert.deepEqual(warnings('{ ask: funnel, steps: [A, B], within: 31d, from: -30d }'), [
    'within: longer than the range: every event of the range is within it',
  ]);
  assert.deepEqual(warnings('{ ask: funnel, steps: [A, B], within: 30d, from: -30d }'), []);
  assert.deepEqual(warnings('{ ask: sessions, from: 2027-01-01 }'), [
    'from: in the future: nothing has happened yet',
  ]);
});

const KIND_LIST = 'funnel, retention, paths, cohort, trend, sessions or accounts';
const bad: readonly [written: string, ...problems: string[]][] = [
  ['[]', `want a question: an object with ask, one of ${KIND_LIST}, current value is []`],
  ['{}', `ask: missing: want one of ${KIND_LIST}`],
  ['ask: funnle', `ask: want one of ${KIND_LIST}, current value is "funnle"; did you mean funnel?`],
  ['{ ask: sessions, form: -3d }', 'form: unknown key; did you mean from?'],
  ['{ ask: funnel, steps: [A], oneSession: true }', 'oneSession: unknown key; did you mean one session?'],
  [
    '{ ask: sessions, environment: shpo }',
    'environment: unknown environment "shpo"; did you mean shop?; there is shop',
  ],
  [
    '{ ask: sessions, from: yesterday }',
    'from: want a date such as 2026-03-01, a time such as 2026-03-01T12:00, or -30d for 30 days ago, current value is "yesterday"',
  ],
  [
    '{ ask: sessions, from: "1800-01-01" }',
    'from: want a time from 1900 to 2298, current value is "1800-01-01"',
  ],
  [
    '{ ask: sessions, from: "2026-03-02", to: "2026-03-02" }',
    'from: the range is empty: 2026-03-02T00:00:00.000Z is not before 2026-03-02T00:00:00.000Z',
  ],
  ['ask: funnel', 'steps: missing: want a list of events'],
  ['{ ask: funnel, steps: [] }', 'steps: want at least 1, current number is 0'],
  [
    `{ ask: funnel, steps: [${Array.from({ length: 50 }, (_, step) => `s${step}`).join(', ')}] }`,
    'steps: want at most 32, current number is 50',
  ],
  [
    '{ ask: funnel, steps: [A, ""], within: soon, times: yes please, order: random }',
    'steps[1]: want a text that is not empty, current value is ""',
    'order: want later, next or any, current value is "random"',
    'within: want a duration such as 30m, 12h or 7d, current value is "soon"',
    'times: want true or false, current value is "yes please"',
  ],
  [
    '{ ask: funnel, steps: [A, B], within: 0s }',
    'within: want a duration from 1ms to 3660d, current value is "0s"',
  ],
  ['{ ask: funnel, steps: ["@Engagd"] }', 'steps[0]: unknown definition "Engagd"; did you mean Engaged?'],
  [
    '{ ask: funnel, steps: [{ event: A, definition: Engaged }] }',
    'steps[0]: want one of event or definition, not 2 of them',
  ],
  ['{ ask: funnel, steps: [{ evnt: A }] }', 'steps[0].evnt: unknown key; did you mean event?'],
  [
    `{ ask: funnel, steps: [${'x'.repeat(1025)}] }`,
    `steps[0]: want at most 1024 characters, current number is 1025: "${'x'.repeat(79)}...`,
  ],
  [
    '{ ask: funnel, steps: ["\\ud800"] }',
    'steps[0]: want a text of whole characters, current value is "\\ud800"',
  ],
  [
    '{ ask: funnel, steps: [A, B], exclude: { event: C, after: 2, before: 2 } }',
    'exclude.after: want a whole number from 1 to 1, current value is 2',
  ],
  [
    '{ ask: funnel, steps: [A, B], by: { property: plan, step: 3 } }',
    'by.step: want a whole number from 1 to 2, current value is 3',
  ],
  ['{ ask: retention, counts: [1, 2] }', 'counts: want brackets that ascend from 0, current value is [1,2]'],
  [
    '{ ask: retention, counts: ever, periods: many }',
    'periods: want a whole number from 1 to 366, current value is "many"',
    'counts: want in, in or after, or a list of brackets such as [0, 1, 7], current value is "ever"',
  ],
  ['ask: paths', 'point: missing: want the event where paths begin or end'],
  ['ask: cohort', 'rules: missing: want a list of rules'],
  [
    '{ ask: cohort, rules: [plan = pro] }',
    'rules[0]: want a property of the user or the account, such as user.plan, current value is plan',
  ],
  [
    '{ ask: cohort, rules: [{ did: A, at least: 3, at most: 2 }, { has: user.plan = x, from: -1d }] }',
    'rules[0].at least: want no more than at most, which is 2, current value is 3',
    'rules[1].from: there is none in a rule that has a condition',
  ],
  [
    '{ ask: trend, series: [{ event: A, measure: mode of x }] }',
    'series[0].measure: want events, users, accounts, sessions, or one of sum, average, median, least or most with a property, such as sum of total, current value is "mode of x"',
  ],
  [
    '{ ask: sessions, by: plan }',
    'by: want a property of the session, user or account, such as session.plan, current value is "plan"',
  ],
  [
    '{ ask: accounts, show: [user.name] }',
    'show[0]: want a property of the account, such as account.name, current value is "user.name"',
  ],
  ['{ ask: sessions, title: [a] }', 'title: want a text, current value is ["a"]'],
];

for (const [written, ...problems] of bad) {
  test(`parseQuestion() refuses ${written.slice(0, 90)}`, () =>
    assert.deepEqual(problemsOf(written), problems));
}

test('parseQuestion() wants an environment where there are several', () => {
  const environments = ['shop', 'saas'].map((name, index) => ({
    number: index + 1,
    name,
    options: DEFAULT_OPTIONS,
  }));
  assert.deepEqual(problemsOf('ask: sessions', { ...reading, environments }), [
    'environment: missing: there are several, want one of shop or saas',
  ]);
  assert.equal(
    read('{ ask: sessions, environment: saas }', { ...reading, environments }).question?.environment,
    2,
  );
});

test('parseQuestion() refuses a question that is too long to be sent', () => {
  const steps = Array.from({ length: 32 }, () => ({
    'any of': Array.from({ length: 10 }, () => 'x'.repeat(400)),
  }));
  const [problem] = parseQuestion({ ask: 'funnel', steps }, reading).problems ?? [];
  assert.match(
    problem?.problem ?? '',
    /^want a question of at most 30000 characters as JSON, current number is \d+$/,
  );
});

test('parseQuestion() reads the examples of docs/QUESTIONS.md, one of every kind', () => {
  const text = readFileSync(new URL('../docs/QUESTIONS.md', import.meta.url), 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml]) =>
    read(yaml ?? '', docsReading),
  );
  assert.deepEqual(
    examples.map((parsed) => parsed.problems?.map(problemText) ?? parsed.question?.ask),
    KINDS,
  );
});

test('readCondition() reads the conditions of docs/QUESTIONS.md', () => {
  const text = readFileSync(new URL('../docs/QUESTIONS.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(.+?)` \| `(\{ property.+\})` \|$/gm)];
  assert.equal(rows.length, 5);
  for (const [, asText = '', asObject = ''] of rows) {
    const step = (where: unknown) =>
      parseQuestion({ ask: 'funnel', steps: [{ event: 'A', where }] }, reading);
    assert.deepEqual(step(asText), step(parse(asObject)), asText);
  }
});
