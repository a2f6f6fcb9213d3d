import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventNamed } from '../event-match.ts';
import { type FunnelQuestion, funnelQuery, funnelUsersQuery, PLAIN_FUNNEL } from '../funnel.ts';

const THREE: FunnelQuestion = {
  ...{ ...PLAIN_FUNNEL, environment: 1, database: 'main_production', accountIdProperty: '' },
  steps: ['A', 'B', 'C'].map(eventNamed),
};
const X = eventNamed('X');
const plan = { of: 'event', name: 'plan' } as const;
const names = (count: number) => Array.from({ length: count }, (_, index) => eventNamed(`step ${index}`));

const refused: readonly [title: string, question: Partial<FunnelQuestion>, text: RegExp][] = [
  ['no step', { steps: [] }, /want 1 to 32 steps, current number is 0/],
  ['50 steps', { steps: names(50) }, /want 1 to 32 steps, current number is 50/],
  ['a window of a part of a millisecond', { withinMs: 0.5 }, /current value is 0.5/],
  ['a window that ends before it begins', { withinMs: -1 }, /current value is -1/],
  [
    'a split by a step there is not',
    { by: { property: plan, step: 4 } },
    /by step 4: want one of its steps 1 to 3/,
  ],
  ['an exclusion that is upside down', { exclusions: [{ event: X, after: 2, before: 1 }] }, /steps 2 and 1/],
  ['an exclusion past the end', { exclusions: [{ event: X, after: 3, before: 4 }] }, /steps 3 and 4/],
  [
    'too many exclusions',
    { exclusions: names(33).map((event) => ({ event, after: 1, before: 2 })) },
    /at most 32 exclusions, current number is 33/,
  ],
  [
    'exclusions in any order',
    { order: 'any', exclusions: [{ event: X, after: 1, before: 2 }] },
    /no order to lie between/,
  ],
  ['the first event of all in any order', { order: 'any', anchor: 'first' }, /current order is "any"/],
  [
    'the first event of all and no other between',
    { order: 'next', anchor: 'first' },
    /current order is "next"/,
  ],
  ['more values than an answer has', { top: 1001 }, /want 1 to 1000, current number is 1001/],
  ['accounts where there are none', { subject: 'account' }, /no option accountIdProperty/],
];

for (const [title, options, message] of refused) {
  test(`funnelQuery() refuses ${title}`, () => {
    assert.throws(() => funnelQuery({ ...THREE, ...options }), { name: 'RangeError', message });
  });
}

test('funnelUsersQuery() refuses a step that nobody can be lost after, and lists of no length', () => {
  const list = (reached: number, lost: boolean, limit: number) => () =>
    funnelUsersQuery(THREE, { reached, lost }, limit);
  assert.throws(list(3, true, 10), /who was lost after step 3: want one of the steps 1 to 2/);
  assert.throws(list(0, false, 10), /who reached step 0: want one of the steps 1 to 3/);
  assert.throws(list(1, false, 0), /want 1 to 10000, current number is 0/);
  assert.throws(list(1, false, 10_001), /current number is 10001/);
});

test('funnelQuery() and funnelUsersQuery() put nothing from outside into the text', () => {
  const outside = "x'; DROP TABLE cairn.events; --{p0:String}";
  const property = { of: 'event', name: outside } as const;
  const event = {
    label: outside,
    anyOf: [{ names: [outside], where: [{ property, is: 'one of', values: [outside] } as const] }],
  };
  const question: FunnelQuestion = {
    ...THREE,
    ...{
      steps: [event, event],
      exclusions: [{ event, after: 1, before: 2 }],
      by: { property, step: 2 },
      times: true,
    },
  };
  for (const order of ['later', 'next', 'any'] as const) {
    const asked = { ...question, order, exclusions: order === 'any' ? [] : question.exclusions };
    assert.ok(!funnelQuery(asked).sql.includes('DROP'));
    assert.ok(!funnelUsersQuery(asked, { reached: 1, lost: true }, 10).sql.includes('DROP'));
  }
});
