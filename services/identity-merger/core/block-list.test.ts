import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '#schemas/types.ts';
import { BlockList } from './block-list.ts';

const block = (from: number, until = 0, userId = 7): Block => ({
  environment: 1,
  user_id: userId,
  identity: 'a@b.c',
  from_generation: from,
  until_generation: until,
  blocked_at: 0,
  reason: '',
});

function listOf(generation: number, ...blocks: readonly Block[]): BlockList {
  const list = new BlockList(generation);
  for (const one of blocks) list.set(one);
  return list;
}

test('a block is in force from its first generation on, in its environment', () => {
  assert.equal(listOf(1, block(2)).has(1, 7), false);
  assert.equal(listOf(2, block(2)).has(1, 7), true);
  assert.equal(listOf(9, block(2)).has(1, 7), true);
  assert.equal(listOf(2, block(2)).has(2, 7), false);
  assert.equal(listOf(2, block(2)).has(1, 8), false);
});

test('a block that was lifted stays in force in the generations that knew it', () => {
  const lifted = [block(2), block(2, 4)];
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((generation) => listOf(generation, ...lifted).has(1, 7)),
    [false, true, true, false, false],
  );
});

test('an identity blocked again is told from its first block, in whatever order they are read', () => {
  const again = [block(2, 4), block(6)];
  for (const blocks of [again, again.toReversed()]) {
    assert.deepEqual(
      [1, 2, 4, 5, 6].map((generation) => listOf(generation, ...blocks).has(1, 7)),
      [false, true, false, false, true],
    );
  }
});
