import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generation } from '#schemas/types.ts';
import { currentRevision, isCountRecorded, isMoving, nextRevision, revisionOf } from './log-revision.ts';

const known = (...all: Partial<Generation>[]) =>
  new Map(
    all.map((fields, index): [number, Generation] => [
      index + 2,
      {
        generation: index + 2,
        created_at: 1,
        copied_from: 0,
        copied_before: 0,
        copied_at: 0,
        verified_at: 0,
        dropped_at: 0,
        log_revision: 1,
        log_partitions: 4,
        log_sealed_at: 0,
        log_opened_at: 0,
        ...fields,
      },
    ]),
  );

test('a fresh installation writes to the first revision, and takes its partitions from CAIRN_PARTITIONS', () => {
  const nothing = known();
  assert.deepEqual(
    [currentRevision(nothing), isMoving(nothing), isCountRecorded(nothing)],
    [1, false, false],
  );
  assert.deepEqual([revisionOf(nothing, 1), nextRevision(nothing)], [1, 2]);
});

test('collectors write to a revision from when it is open, even when its generation is dropped', () => {
  const copying = known({ log_revision: 2 });
  assert.deepEqual([currentRevision(copying), isMoving(copying)], [1, false]);
  const sealed = known({ log_revision: 2, log_sealed_at: 5 });
  assert.deepEqual([currentRevision(sealed), isMoving(sealed)], [1, true]);
  const opened = known({ log_revision: 2, log_sealed_at: 5, log_opened_at: 6, dropped_at: 7 });
  assert.deepEqual([currentRevision(opened), isMoving(opened)], [2, false]);
});

test('a move that was given up moves nothing, and its revision is not used again', () => {
  const dropped = known({ log_revision: 2, log_sealed_at: 5, dropped_at: 6 });
  assert.deepEqual([currentRevision(dropped), isMoving(dropped), nextRevision(dropped)], [1, false, 3]);
});
