import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTimeRange } from './time-range.ts';
import { UsageError } from './usage-error.ts';

test('readTimeRange() reads dates and times as UTC unless they name a zone', () => {
  assert.deepEqual(readTimeRange({ from: '2026-03-01', to: '2026-03-01T12:00' }), {
    fromMs: Date.UTC(2026, 2, 1),
    toMs: Date.UTC(2026, 2, 1, 12),
  });
  assert.deepEqual(readTimeRange({ from: '2026-03-01T12:00+02:00', to: '2026-03-01 12:00:00.250' }), {
    fromMs: Date.UTC(2026, 2, 1, 10),
    toMs: Date.UTC(2026, 2, 1, 12, 0, 0, 250),
  });
});

test('readTimeRange() leaves open what is not given', () => {
  assert.deepEqual(readTimeRange({ from: undefined, to: undefined }), { fromMs: undefined, toMs: undefined });
});

for (const from of ['yesterday', '2026-3-1', '2026-02-30', '2026-13-01', '2026-03-01T25:00', '']) {
  test(`readTimeRange() refuses ${JSON.stringify(from)}`, () => {
    assert.throws(() => readTimeRange({ from, to: undefined }), UsageError);
  });
}

test('readTimeRange() refuses an empty range', () => {
  assert.throws(() => readTimeRange({ from: '2026-03-02', to: '2026-03-02' }), UsageError);
});
