import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, total } from './outcome.ts';

test('total() counts a suite that failed as a whole as one failure', () => {
  const sum = total([
    { passed: 2, failed: 1, skipped: 3 },
    { passed: 0, failed: 0, skipped: 0, problem: 'tsc ended with exit code 2' },
  ]);
  assert.equal(describe(sum), '2 passed, 2 failed, 3 skipped');
});

test('describe() leaves skipped out where nothing was', () => {
  assert.equal(describe({ passed: 1, failed: 0, skipped: 0 }), '1 passed, 0 failed');
});
