import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, duration, percent, thousands, timeText } from './format.ts';

test('numbers, shares, durations and times as the pages show them', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(thousands), ['0', '999', '1\u2009000', '1\u2009234\u2009567']);
  assert.deepEqual([percent(1, 3), percent(0, 0)], ['33.3\u2009%', '']);
  assert.deepEqual([0, 999, 1000, 61_000, 3_600_000, 90_000_000].map(duration), [
    '0 ms',
    '999 ms',
    '1 s',
    '1 min 1 s',
    '1 h',
    '1 d 1 h',
  ]);
  assert.deepEqual(
    [0, 30_000, 120_000, 7_200_000, 172_800_000].map((ms) => ago(0, ms)),
    ['now', '30 s ago', '2 min ago', '2 h ago', '2 d ago'],
  );
  assert.equal(timeText(0), '1970-01-01 00:00:00');
});
