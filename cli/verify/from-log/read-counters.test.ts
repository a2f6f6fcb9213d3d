import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withCopied } from './read-counters.ts';

test('withCopied() counts a record whose row was copied as loaded', () => {
  assert.deepEqual(withCopied({ 'event.loaded': 2, 'event.copied': 3, 'unknown.rejected': 1 }), {
    'event.loaded': 5,
    'unknown.rejected': 1,
  });
  assert.deepEqual(withCopied({ 'event.copied': 3 }), { 'event.loaded': 3 });
});
