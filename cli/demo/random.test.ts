import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from './random.ts';

test('createRandom() draws the same values for the same seed and others for another', () => {
  const draw = (seed: string) => Array.from({ length: 20 }, createRandom(seed).id);
  assert.deepEqual(draw('a'), draw('a'));
  assert.notDeepEqual(draw('a'), draw('b'));
});

test('createRandom() keeps to its bounds and reaches both ends', () => {
  const random = createRandom('bounds');
  const seen = new Set(Array.from({ length: 1000 }, () => random.int(3, 7)));
  assert.deepEqual([...seen].sort(), [3, 4, 5, 6, 7]);
  for (let i = 0; i < 1000; i += 1) {
    const id = random.id();
    assert.ok(Number.isSafeInteger(id) && id > 0, `id ${id}`);
  }
});

test('createRandom() honours weights', () => {
  const random = createRandom('weights');
  const heads = Array.from({ length: 4000 }, () =>
    random.weighted([
      ['head', 3],
      ['tail', 1],
    ]),
  ).filter((side) => side === 'head').length;
  assert.ok(heads > 2850 && heads < 3150, `${heads} of 4000`);
});

test('fork() is independent of what was drawn before it', () => {
  const one = createRandom('fork');
  const two = createRandom('fork');
  two.float();
  assert.equal(one.fork('x').id(), two.fork('x').id());
});
