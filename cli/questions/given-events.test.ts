import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../usage-error.ts';
import { givenEvents, numberOr, words } from './given-events.ts';

const given = (...pairs: [option: string, value: string][]) =>
  pairs.map(([option, value]) => ({ option, value }));

test('givenEvents() gives each option to the event before it, by order of arguments', () => {
  const events = givenEvents(
    given(
      ['step', 'pageview'],
      ['where', 'field.path = /a'],
      ['from', '-3d'],
      ['where', 'field.country = SE'],
      ['label', 'Prices'],
      ['step', 'Signup'],
      ['step', '*'],
      ['where', 'plan = pro'],
      ['step', '@Engaged'],
      ['label', 'E'],
    ),
    ['step'],
  );
  assert.deepEqual(
    events.map(({ written }) => written),
    [
      { event: 'pageview', where: ['field.path = /a', 'field.country = SE'], label: 'Prices' },
      'Signup',
      { where: ['plan = pro'] },
      { definition: 'Engaged', label: 'E' },
    ],
  );
});

test('givenEvents() takes * for any event and @name for a definition, but for a backslash before them', () => {
  const events = givenEvents(
    given(['start', '*'], ['return', '\\*'], ['start', '@a'], ['start', '\\@a'], ['start', '\\\\a']),
    ['start', 'return'],
  );
  assert.deepEqual(events, [
    { option: 'start', written: '*' },
    { option: 'return', written: { event: '*' } },
    { option: 'start', written: '@a' },
    { option: 'start', written: { event: '@a' } },
    { option: 'start', written: { event: '\\a' } },
  ]);
});

test('givenEvents() refuses what says more of no event, and what is said twice', () => {
  assert.throws(() => givenEvents(given(['where', 'a = b'], ['start', 'A']), ['start', 'return']), {
    name: 'UsageError',
    message: '--where says more of the event before it: give it after --start or --return',
  });
  assert.throws(
    () => givenEvents(given(['step', 'A'], ['label', 'a'], ['label', 'b']), ['step']),
    UsageError,
  );
});

test('numberOr() makes a number of a text that is one', () => {
  assert.deepEqual(['8', '-1.5', 'many', '', '1e5', '99999999999999999999'].map(numberOr), [
    8,
    -1.5,
    'many',
    '',
    '1e5',
    '99999999999999999999',
  ]);
});

test('words() takes dashes for spaces', () => {
  assert.deepEqual([words('first-ever'), words(undefined)], ['first ever', undefined]);
});
