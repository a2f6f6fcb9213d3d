import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesLike } from './convention.ts';

const CASES: readonly [example: string, good: readonly string[], bad: readonly string[]][] = [
  [
    'Object Action',
    ['Checkout Started', 'Shopping Cart Item Added', 'Step 2 Done', 'URL Opened'],
    [
      'Checkout',
      'checkout started',
      'Checkout  Started',
      'Checkout_Started',
      'Checkout Started!',
      ' Checkout Started',
    ],
  ],
  [
    'object_action',
    ['checkout_started', 'a_b_c'],
    ['checkout', 'Checkout_Started', 'checkout started', 'a__b'],
  ],
  [
    'Category - Object Action',
    ['Shop - Cart Opened', 'My Shop - Big Cart Opened'],
    ['Cart Opened', 'Shop - Cart', 'Shop: Cart Opened'],
  ],
  ['OBJECT', ['CART', 'CART2 OPENED'], ['Cart', '']],
];

for (const [example, good, bad] of CASES) {
  test(`namesLike() takes names that look like ${example}`, () => {
    const pattern = namesLike(example);
    assert.ok(pattern !== undefined);
    assert.deepEqual(
      good.filter((name) => !pattern.test(name)),
      [],
    );
    assert.deepEqual(
      bad.filter((name) => pattern.test(name)),
      [],
    );
  });
}

test('namesLike() makes nothing of an example without words', () =>
  assert.equal(namesLike(' - '), undefined));
