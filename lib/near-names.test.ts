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

test('didYouMean() says long names and control characters so that a terminal is left alone', () => {
  assert.equal(didYouMean('rde', ['\u001b[31mred', 'rd\n']), '; did you mean rd\ufffd?');
  assert.equal(didYouMean('red', ['\u001b[31mred']), '; did you mean \ufffd[31mred?');
  assert.equal(didYouMean('xxx', ['x'.repeat(1000)]).length, '; did you mean ?'.length + 60);
});

test('nearNames() compares a long name with those alone that may be near', () => {
  const candidates = Array.from({ length: 20_000 }, (_, index) => `Event number ${index}`);
  const startedAt = performance.now();
  assert.deepEqual(nearNames('x'.repeat(30_000), candidates), []);
  assert.ok(performance.now() - startedAt < 5000);
});
