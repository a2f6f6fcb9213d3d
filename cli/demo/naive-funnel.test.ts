import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countFunnel } from './naive-funnel.ts';

/** Events a minute apart, one letter each; `.` is a minute without one. */
function timeline(letters: string) {
  return [...letters].flatMap((name, at) => (name === '.' ? [] : [{ name, at: at * 60_000 }]));
}

const cases: [people: string[], steps: string, withinMinutes: number | undefined, reached: number[]][] = [
  [['abc', 'ab', 'a', 'bc'], 'abc', undefined, [3, 2, 1]],
  [['cba'], 'abc', undefined, [1, 0, 0]],
  // The first attempt runs out of time, the second does not: the best one counts.
  [['a.....ab'], 'ab', 2, [1, 1]],
  [['a..b'], 'ab', 3, [1, 1]],
  [['a...b'], 'ab', 3, [1, 0]],
  // The bound is measured from the first step, not from the one before.
  [['a.b.c'], 'abc', 3, [1, 1, 0]],
  // A repeated step needs an event of its own.
  [['a', 'aa', 'aaa'], 'aa', undefined, [3, 2]],
  [['axxb'], 'ab', undefined, [1, 1]],
  [[''], 'ab', undefined, [0, 0]],
];

for (const [people, steps, within, reached] of cases) {
  test(`countFunnel() of ${JSON.stringify(people)} for ${steps} within ${within ?? 'any'} minutes is ${reached}`, () => {
    const withinMs = within === undefined ? undefined : within * 60_000;
    assert.deepEqual(countFunnel(people.map(timeline), [...steps], withinMs), reached);
  });
}
