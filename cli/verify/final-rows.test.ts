import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFinalRows, type FoldedPartition, finalRowsProblems, keyOfRow } from './final-rows.ts';

const row = (device_id: number, offset: number) => ({
  partition: 0,
  offset,
  environment: 1,
  device_id,
  session_id: 9,
  opened_at: 5,
});

function folded(
  offsets: readonly (readonly [device: number, offset: number])[],
  rejected: number[] = [],
): FoldedPartition {
  return {
    partition: 0,
    start: 10n,
    end: 20n,
    lastOffsets: new Map(offsets.map(([device, offset]) => [keyOfRow(row(device, 0)), BigInt(offset)])),
    rejected: new Set(rejected.map((device) => keyOfRow(row(device, 0)))),
  };
}

const right = { topic: 'sessions', missing: 0, stale: 0, surplus: 0 };

test('compareFinalRows() finds every key in its last version', () => {
  const result = compareFinalRows(
    'sessions',
    [
      folded([
        [1, 12],
        [2, 15],
      ]),
    ],
    [row(1, 12), row(2, 15)],
  );
  assert.deepEqual(result, { ...right, keys: 2, rows: 2 });
  assert.deepEqual(finalRowsProblems(result), []);
});

test('compareFinalRows() lets rows be newer than what was read, or older than the log', () => {
  const result = compareFinalRows('sessions', [folded([[1, 12]])], [row(1, 20), row(2, 25), row(3, 9)]);
  assert.deepEqual(result, { ...right, keys: 1, rows: 3 });
});

test('compareFinalRows() tells missing, stale and surplus rows', () => {
  const result = compareFinalRows(
    'sessions',
    [
      folded([
        [1, 12],
        [2, 15],
      ]),
    ],
    [row(2, 14), row(3, 16)],
  );
  assert.deepEqual(result, { topic: 'sessions', keys: 2, rows: 2, missing: 1, stale: 1, surplus: 1 });
  assert.equal(finalRowsProblems(result).length, 3);
});

test('compareFinalRows() excuses keys whose record was rejected', () => {
  assert.deepEqual(
    compareFinalRows(
      'sessions',
      [
        folded(
          [
            [1, 12],
            [2, 15],
          ],
          [1, 2],
        ),
      ],
      [row(2, 14)],
    ),
    {
      ...right,
      keys: 2,
      rows: 1,
    },
  );
});
