import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearNames } from './near-names.ts';

test('nearNames() finds slips of the finger, nearest first', () => {
  assert.deepEqual(nearNames('Signpu', ['Purchase', 'Signup', 'Sign']), ['Signup', 'Sign']);
});

test('nearNames() ignores case and finds a part of a name', () => {
  assert.deepEqual(nearNames('cart', ['Add to Cart', 'Checkout']), ['Add to Cart']);
  assert.deepEqual(nearNames('SIGNUP', ['signup']), ['signup']);
});

test('didYouMean() says nothing where nothing is near', () => {
  assert.equal(didYouMean('zzzzzz', ['Signup']), '');
  assert.equal(didYouMean('upp', ['up', 'verify']), '; did you mean up?');
});
