import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/errors.ts';
import { decodeMetadata, EMPTY_METADATA, encodeMetadata } from './commit-metadata.ts';

test('decodeMetadata() undoes encodeMetadata()', () => {
  const metadata = { streamTime: 1_767_225_600_000, counts: { 'event.forwarded': 3, 'tick.forwarded': 1 } };
  assert.deepEqual(decodeMetadata(encodeMetadata(metadata)), metadata);
  const withFacts = { ...metadata, facts: { duplicates_window_ms: 86_400_000 } };
  assert.deepEqual(decodeMetadata(encodeMetadata(withFacts)), withFacts);
});

test('decodeMetadata() starts from nothing where nothing was committed', () => {
  for (const nothing of [null, undefined, '']) assert.deepEqual(decodeMetadata(nothing), EMPTY_METADATA);
});

test("decodeMetadata() refuses another program's metadata", () => {
  for (const foreign of ['{"leader":"b1"}', '{"streamTime":1,"counts":null}', 'not json']) {
    assert.throws(() => decodeMetadata(foreign), InvariantError);
  }
});
