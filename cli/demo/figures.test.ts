import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFigures } from './figures.ts';

test('compareFigures() takes off what was there before and reports what only one side has', () => {
  const lines = compareFigures({ a: { x: 2, y: 1 } }, { a: { x: 5, z: 1 } }, { a: { x: 3 } });
  assert.deepEqual(lines, [
    { section: 'a', label: 'x', expected: 2, actual: 2, ok: true },
    { section: 'a', label: 'y', expected: 1, actual: 0, ok: false },
    { section: 'a', label: 'z', expected: 0, actual: 1, ok: false },
  ]);
});
