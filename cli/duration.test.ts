import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';
import { UsageError } from './usage-error.ts';

test('parseDuration() reads units and sums of them', () => {
  assert.equal(parseDuration('--within', '7d'), 604_800_000);
  assert.equal(parseDuration('--within', '30m'), 1_800_000);
  assert.equal(parseDuration('--within', '1h30m'), 5_400_000);
  assert.equal(parseDuration('--within', '0.5s'), 500);
  assert.equal(parseDuration('--within', '250ms'), 250);
});

for (const text of ['', '7', 'd', '7 d', '-7d', '7y', '7d!']) {
  test(`parseDuration() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseDuration('--within', text), UsageError);
  });
}
