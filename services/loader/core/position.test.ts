import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/errors.ts';
import { advance, formatMetadata, readPosition, START, tokenOf } from './position.ts';

const INTENT = { first: 7n, last: 2n ** 60n };

test('a position comes back from its committed offset and metadata', () => {
  const position = { next: 7n, intent: INTENT, streamTimeMs: 5, counts: { 'event.loaded': 3 } };
  assert.deepEqual(readPosition('7', formatMetadata(position)), position);
  const plain = { ...position, intent: undefined };
  assert.deepEqual(readPosition('7', formatMetadata(plain)), plain);
});

test('metadata is what verify reads: stream time and counts, and the intent beside them', () => {
  assert.deepEqual(
    JSON.parse(formatMetadata({ ...START, intent: { first: 1n, last: 2n }, streamTimeMs: 9 })),
    {
      streamTime: 9,
      counts: {},
      intent: { first: '1', last: '2' },
    },
  );
});

test('readPosition() starts where nothing is committed, and refuses what is not ours', () => {
  assert.deepEqual(readPosition('-1', null), START);
  assert.deepEqual(readPosition('4', ''), { ...START, next: 4n });
  assert.throws(() => readPosition('4', 'x'), InvariantError);
});

test('advance() passes the range, adds the outcomes and forgets the intent', () => {
  const position = { next: 7n, intent: INTENT, streamTimeMs: 50, counts: { 'event.loaded': 3 } };
  const outcomes = new Map([
    ['event.loaded', 2],
    ['unknown.rejected', 1],
  ]);
  assert.deepEqual(advance(position, { first: 7n, last: 11n }, outcomes, 40), {
    next: 12n,
    intent: undefined,
    streamTimeMs: 50,
    counts: { 'event.loaded': 5, 'unknown.rejected': 1 },
  });
});

test('tokenOf() names generation, topic, partition, range and table', () => {
  assert.equal(
    tokenOf(2, 'sessions.g2', 3, { first: 4n, last: 5n }, 'sessions'),
    '2:sessions.g2:3:4-5:sessions',
  );
});
