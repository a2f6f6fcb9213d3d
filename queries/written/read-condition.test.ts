import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionText } from './condition-text.ts';
import { Place, type Problem, problemText } from './place.ts';
import { readCondition } from './read-condition.ts';

function read(written: unknown) {
  const problems: Problem[] = [];
  const condition = readCondition(written, new Place('where', problems));
  return problems.length > 0 ? problems.map(problemText) : condition;
}

const plan = { of: 'event', name: 'plan' };
const good: readonly [written: string, condition: object, canonical?: string][] = [
  ['plan = pro', { property: plan, is: 'one of', values: ['pro'] }],
  ['plan=pro', { property: plan, is: 'one of', values: ['pro'] }, 'plan = pro'],
  ['plan != a, b', { property: plan, is: 'none of', values: ['a, b'] }],
  [
    'plan in a, "b, c" ,\'\'',
    { property: plan, is: 'one of', values: ['a', 'b, c', ''] },
    'plan in a, "b, c", ""',
  ],
  ['plan not in a, b', { property: plan, is: 'none of', values: ['a', 'b'] }],
  ['Plan Type = a = b', { property: { of: 'event', name: 'Plan Type' }, is: 'one of', values: ['a = b'] }],
  ['"a = b" = ""', { property: { of: 'event', name: 'a = b' }, is: 'one of', values: [''] }],
  ['user."last seen in" known', { property: { of: 'user', name: 'last seen in' }, is: 'known' }],
  ['user.plan is unknown', { property: { of: 'user', name: 'plan' }, is: 'unknown' }, 'user.plan unknown'],
  [
    '"user.plan" contains o\'',
    { property: { of: 'event', name: 'user.plan' }, is: 'containing', value: "o'" },
  ],
  [
    String.raw`field.path matches ^/x\d+"$`,
    { property: { of: 'field', name: 'path' }, is: 'matching', value: String.raw`^/x\d+"$` },
  ],
  [
    String.raw`plan = "\"\\\d"`,
    { property: plan, is: 'one of', values: [String.raw`"\\d`] },
    String.raw`plan = "\"\\\\d"`,
  ],
  [
    'field.path starts with /x',
    { property: { of: 'field', name: 'path' }, is: 'starting with', value: '/x' },
  ],
  [
    'field.path ends with .pdf',
    { property: { of: 'field', name: 'path' }, is: 'ending with', value: '.pdf' },
  ],
  ['price >= 10', { property: { of: 'event', name: 'price' }, is: 'at least', value: 10 }],
  [
    'price<-1.5e3',
    { property: { of: 'event', name: 'price' }, is: 'less than', value: -1500 },
    'price < -1500',
  ],
  ['in = in', { property: { of: 'event', name: 'in' }, is: 'one of', values: ['in'] }],
  ["it's known", { property: { of: 'event', name: "it's" }, is: 'known' }],
];

for (const [written, condition, canonical = written] of good) {
  test(`readCondition() reads ${written}`, () => {
    assert.deepEqual(read(written), condition);
    assert.equal(conditionText(condition as never), canonical);
  });
}

const FORM =
  'where: want a condition such as plan = pro, plan != pro, plan in a, b, field.path starts with /x, contains, ends with, matches, price >= 10, plan known or plan unknown, current value is';

const bad: readonly [written: unknown, ...problems: string[]][] = [
  ['plan', `${FORM} "plan"`],
  ['= pro', `${FORM} "= pro"`],
  ['plan =', 'where: want a value after the operator; an empty one is written ""'],
  ['plan in a,,b', 'where: want a value after the operator; an empty one is written ""'],
  ['plan = "a', 'where: want a quote that ends, current value is "\\"a"'],
  ['plan = "a" b', 'where: want nothing after the quoted value, current value is "\\"a\\" b"'],
  ['plan in "a" b', 'where: want values with commas between them, current value is "\\"a\\" b"'],
  ['price > ten', 'where: want a number, current value is "ten"'],
  ['plan known pro', 'where: want nothing after known, current value is "pro"'],
  ['field.pth = /x', 'where: unknown field "pth"; did you mean path?'],
  [
    'user. = x',
    'where: want a property such as plan, field.path, user.plan or "a name in quotes", current value is "user."',
  ],
  [7, 'where: want a condition, such as plan = pro, current value is 7'],
  [
    { property: 'plan' },
    'where.is: missing: want one of, none of, containing, starting with, ending with, matching, less than, at most, more than, at least, known, unknown',
  ],
  [
    { property: 'plan', is: 'one of', value: 'x' },
    'where.value: there is none where a property is one of',
    'where.values: missing: want a list of values',
  ],
  [{ property: 'plan', is: 'known', values: [] }, 'where.values: there is none where a property is known'],
  [
    { property: { of: 'page', name: 'x' }, is: 'known' },
    'where.property.of: want event, field, session, user or account, current value is "page"',
  ],
  [{ property: 'plan', is: 'at least', value: 'x' }, 'where.value: want a number, current value is "x"'],
  [
    { property: 'plan', is: 'one of', values: Array.from({ length: 1001 }, () => 'a') },
    'where.values: want at most 1000, current number is 1001',
  ],
];

for (const [written, ...problems] of bad) {
  test(`readCondition() refuses ${JSON.stringify(written).slice(0, 60)}`, () =>
    assert.deepEqual(read(written), problems));
}

test('readCondition() takes numbers and booleans for their texts', () => {
  assert.deepEqual(
    read({ property: { of: 'event', name: 'user.n' }, is: 'one of', values: [1, true, 'x'] }),
    {
      property: { of: 'event', name: 'user.n' },
      is: 'one of',
      values: ['1', 'true', 'x'],
    },
  );
});
