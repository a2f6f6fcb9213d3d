import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KnownName, nameProblems, unknownNames } from './check-names.ts';
import { parseQuestion } from './parse-question.ts';
import { namesOf } from './question-names.ts';
import { ENVIRONMENTS } from './written/testing.ts';

function namesIn(written: unknown) {
  const { question } = parseQuestion(written, { nowMs: 0, environments: ENVIRONMENTS });
  assert.ok(question);
  return namesOf(question);
}

const KNOWN: readonly KnownName[] = [
  { scope: 'event', name: 'Signup' },
  { scope: 'event', name: 'Purchase' },
  { scope: 'event_property', name: 'Total Price' },
  { scope: 'users', name: 'plan' },
  { scope: 'users', name: 'total_spent' },
  { scope: 'sessions', name: 'browser' },
];

const of = (scope: string, name: string) => ({ of: scope, name });

test('namesOf() finds every name of a question once, and neither fields nor one of several names', () => {
  assert.deepEqual(
    namesIn({
      ask: 'funnel',
      among: [{ did: 'Login' }, 'user.plan = pro'],
      steps: [
        'Signup',
        { event: ['a', 'b'], where: 'x = 1' },
        { event: 'Signup', where: ['x = 2', 'field.path = /'] },
        '*',
      ],
      exclude: 'Refund',
      by: 'session.browser',
    }),
    {
      events: ['Signup', 'Refund', 'Login'],
      properties: [of('event', 'x'), of('user', 'plan'), of('session', 'browser')],
    },
  );
  assert.deepEqual(namesIn({ ask: 'trend', series: { event: 'A', measure: 'sum of total' }, by: 'kind' }), {
    events: ['A'],
    properties: [of('event', 'kind'), of('event', 'total')],
  });
  assert.deepEqual(namesIn({ ask: 'accounts', show: ['account.name'] }), {
    events: [],
    properties: [of('account', 'name')],
  });
});

test('namesOf() tells properties apart that are written alike', () => {
  const where = [{ property: { of: 'event', name: 'user.plan' }, is: 'known' }, 'user.plan known'];
  assert.deepEqual(namesIn({ ask: 'funnel', steps: [{ event: 'A', where }] }).properties, [
    of('event', 'user.plan'),
    of('user', 'plan'),
  ]);
});

test('unknownNames() looks for properties of users and sessions by their columns', () => {
  const names = namesIn({
    ask: 'cohort',
    rules: [
      { did: { event: 'Signup', where: ['Total Price > 1', 'session.Browser known'] } },
      'user.Total Spent > 1',
    ],
  });
  assert.deepEqual(unknownNames(names, KNOWN), { events: [], properties: [] });
});

const problems: readonly [where: string, ...problems: string[]][] = [
  ['Total Prise > 1', 'Unknown property of events "Total Prise" in shop; did you mean Total Price?'],
  ['plan = pro', 'Unknown property of events "plan" in shop; did you mean user.plan?'],
  ['path = /', 'Unknown property of events "path" in shop; did you mean field.path?'],
  ['user.paln = pro', 'Unknown property "user.paln" in shop; did you mean user.plan?'],
  [
    'user.browser = x',
    'Unknown property "user.browser" in shop; did you mean field.browser, session.browser?',
  ],
  ['zzzzzzzz = x', 'Unknown property of events "zzzzzzzz" in shop'],
  // There is no view of accounts: that is not said here.
  ['account.name = x'],
];

for (const [where, ...wanted] of problems) {
  test(`nameProblems() says what may be meant by ${where}`, () => {
    const names = namesIn({ ask: 'funnel', steps: [{ event: 'Signup', where }] });
    assert.deepEqual(nameProblems(unknownNames(names, KNOWN), KNOWN, 'shop'), wanted);
  });
}

test('nameProblems() says which events there are', () => {
  const unknown = unknownNames(namesIn({ ask: 'funnel', steps: ['Signpu', 'Zzzzzzzz'] }), KNOWN);
  assert.deepEqual(nameProblems(unknown, KNOWN, 'shop'), [
    'Unknown event "Signpu" in shop; did you mean Signup?',
    'Unknown event "Zzzzzzzz" in shop; there is Signup, Purchase',
  ]);
  assert.deepEqual(nameProblems(unknown, [], 'shop'), ['There are no events in shop yet']);
});

test('nameProblems() lets nothing out of a name that somebody has sent', () => {
  const known: readonly KnownName[] = ['\u001b[2Jgone', 'two\nlines', 'x'.repeat(1000)].map((name) => ({
    scope: 'event',
    name,
  }));
  assert.deepEqual(nameProblems({ events: ['zzz'], properties: [] }, known, 'shop'), [
    `Unknown event "zzz" in shop; there is \ufffd[2Jgone, two\ufffdlines, ${'x'.repeat(59)}…`,
  ]);
});
