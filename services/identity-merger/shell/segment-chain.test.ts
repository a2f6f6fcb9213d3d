import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainFrom } from './segment-chain.ts';

function chain(start: bigint, ...stretches: readonly (readonly [from: bigint, to: bigint])[]): string {
  return chainFrom(
    stretches.map(([from, to]) => ({ from, to })),
    start,
  )
    .map(({ from, to }) => `${from}-${to}`)
    .join(' ');
}

test('chainFrom() covers every offset from the start on, up to the first hole', () => {
  assert.equal(chain(0n, [10n, 20n], [0n, 10n], [25n, 30n]), '0-10 10-20');
  assert.equal(chain(5n, [0n, 10n], [10n, 20n]), '0-10 10-20');
  assert.equal(chain(10n, [0n, 10n], [10n, 20n]), '10-20', 'what ends before the start is not wanted');
  assert.equal(chain(5n, [6n, 10n]), '', 'the start is in none');
});

test('chainFrom() takes the longer of two that overlap', () => {
  assert.equal(chain(0n, [0n, 10n], [0n, 20n], [10n, 15n]), '0-20');
  assert.equal(chain(0n, [0n, 10n], [5n, 20n], [10n, 15n]), '0-10 5-20');
});
