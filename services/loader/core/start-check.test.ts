import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { START } from './position.ts';
import { aheadSql, requireKept } from './start-check.ts';

const at = { generation: 2, partition: 3, position: { ...START, next: 7n }, copiedBeforeMs: 0 };

test('aheadSql() asks for rows beyond the position, or beyond the range that was announced', () => {
  assert.match(aheadSql('events', at), /generation = 2 AND `_partition` = 3 AND `_offset` >= 7$/);
  const intent = { first: 7n, last: 9n };
  assert.match(aheadSql('events', { ...at, position: { ...at.position, intent } }), /`_offset` >= 10$/);
});

test('aheadSql() passes over copied rows, which carry the offsets of another generation', () => {
  const copied = { ...at, copiedBeforeMs: 1000 };
  assert.match(aheadSql('events', copied), /AND received_at >= fromUnixTimestamp64Milli\(1000\)$/);
  assert.match(aheadSql('sessions', copied), /`_offset` >= 7$/);
});

test('requireKept() refuses to pass over records that were deleted before they were loaded', () => {
  assert.throws(() => requireKept('events.sessionized.g1', 2, 10n, 12n), ConfigError);
  assert.throws(() => requireKept('events.sessionized.g1', 2, 0n, 500n), /starts at 500/);
});

test('requireKept() goes on where nothing is missing, or the marker of the last transaction alone', () => {
  for (const first of [0n, 10n, 11n]) requireKept('events.sessionized.g1', 2, 10n, first);
});
