import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFigures } from './figures.ts';

test('compareFigures() takes off what was there before and reports what only one side has', () => {
  const lines = compareFigures({
    expected: { a: { x: 2, y: 1 } },
    actual: { a: { x: 5, z: 1, old: 4 } },
    before: { a: { x: 3, old: 4 } },
  });
  assert.deepEqual(lines, [
    { section: 'a', label: 'x', expected: 2, actual: 2, ok: true },
    { section: 'a', label: 'y', expected: 1, actual: 0, ok: false },
    { section: 'a', label: 'z', expected: 0, actual: 1, ok: false },
  ]);
});

test('compareFigures() allows as much more as there is slack, and never less', () => {
  const okOf = (x: number) =>
    compareFigures({ expected: { a: { x: 5 } }, actual: { a: { x } }, slack: { a: { x: 2 } } })[0]!.ok;
  assert.deepEqual([4, 5, 7, 8].map(okOf), [false, true, true, false]);
});
