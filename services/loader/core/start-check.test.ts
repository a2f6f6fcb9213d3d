import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { requireKept } from './start-check.ts';

test('requireKept() refuses to pass over records that were deleted before they were loaded', () => {
  assert.throws(() => requireKept('events.sessionized.g1', 2, 10n, 12n), ConfigError);
  assert.throws(() => requireKept('events.sessionized.g1', 2, 0n, 500n), /starts at 500/);
});

test('requireKept() goes on where nothing is missing, or the marker of the last transaction alone', () => {
  for (const first of [0n, 10n, 11n]) requireKept('events.sessionized.g1', 2, 10n, first);
});
