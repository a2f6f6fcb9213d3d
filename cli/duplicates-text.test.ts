import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duplicatesBoundOf } from '../services/identity-merger/core/duplicates-bound.ts';
import { duplicatesText } from './duplicates-text.ts';

function textOf(
  ...partitions: readonly (readonly [maxIds: number, inMemory: number, onDisk: number])[]
): string {
  const bound = duplicatesBoundOf([
    undefined,
    ...partitions.map(([maxIds, inMemory, onDisk]) => ({
      duplicates_window_ms: 86_400_000,
      duplicates_max_ids: maxIds,
      duplicates_ids_in_memory: inMemory,
      duplicates_ids_on_disk: onDisk,
      duplicates_bytes_on_disk: 24 * onDisk,
    })),
  ]);
  return bound === undefined ? '' : duplicatesText(bound);
}

test('the status says which bound of the duplicates window is in force', () => {
  assert.equal(
    textOf([5000, 10, 0], [5000, 4999, 0]),
    'duplicates are recognised for 1d or up to 10 000 keys, now bounded by the 1d · 5 009 keys in memory',
  );
  assert.match(textOf([5000, 10, 0], [5000, 5000, 0]), /now bounded by the number of keys/);
  assert.equal(
    textOf([0, 10, 1_000_000]),
    'duplicates are recognised for 1d · 10 keys in memory, 1 000 000 on disk (24 MB)',
  );
  assert.equal(textOf(), '');
});
