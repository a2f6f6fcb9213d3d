import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { targetPartition } from './target-partition.ts';

test('targetPartition() follows from the key of a device, whichever partition it comes from', () => {
  const key = recordKey(3, 12_345);
  for (const source of [0, 1, 2]) assert.equal(targetPartition(key, source, 6), partitionOf(key, 6));
});

test('targetPartition() gives a record whose key cannot be read a place that is always the same', () => {
  assert.equal(targetPartition(null, 3, 6), 3);
  assert.equal(targetPartition(Buffer.from('short'), 3, 2), 1);
});
