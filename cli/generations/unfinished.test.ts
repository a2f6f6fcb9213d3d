import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generation } from '#schemas/types.ts';
import { generationsOfTopics, nextNumber, unfinishedOf } from './unfinished.ts';

const of = (generation: number, fields: Partial<Generation> = {}): readonly [number, Generation] => [
  generation,
  {
    generation,
    created_at: 1,
    copied_from: 0,
    copied_before: 0,
    copied_at: 0,
    verified_at: 0,
    dropped_at: 0,
    log_revision: 1,
    log_partitions: 0,
    log_sealed_at: 0,
    log_opened_at: 0,
    ...fields,
  },
];

test('generationsOfTopics() finds the derived topics of any generation and nothing else', () => {
  const topics = [
    'events.collected',
    'sessions.g2',
    'events.identified.g10',
    'events.rejected.g3',
    'mine.g4',
  ];
  assert.deepEqual([...generationsOfTopics(topics)].sort(), [10, 2]);
});

test('unfinishedOf() gives what a replay began, not what was switched to, dropped or made itself, newest first', () => {
  const known = new Map([
    of(1, { created_at: 0 }),
    of(2),
    of(3, { dropped_at: 5 }),
    of(4),
    of(5, { verified_at: 9 }),
  ]);
  assert.deepEqual(
    unfinishedOf(known, [2, 1]).map(({ generation }) => generation),
    [5, 4],
  );
});

test('nextNumber() never gives a number that was used, dropped or not', () => {
  assert.equal(nextNumber(new Map(), [1], []), 2);
  assert.equal(nextNumber(new Map([of(7, { dropped_at: 5 })]), [1], []), 8);
  assert.equal(nextNumber(new Map(), [1], ['sessions.g4']), 5);
});
