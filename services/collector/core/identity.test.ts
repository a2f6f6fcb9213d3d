import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_IDENTITY, readIdentity } from './identity.ts';
import { parseId } from './ids.ts';

test('readIdentity() keeps a good identity as it is and refuses the rest', () => {
  const longest = 'x'.repeat(MAX_IDENTITY);
  const cases: [value: unknown, want: string][] = [
    ['a@B.c', 'a@B.c'],
    [' a ', ' a '],
    [7, '7'],
    [1.5, '1.5'],
    [longest, longest],
    [`${longest}x`, 'identity_too_long'],
    ['', 'invalid_identity'],
    ['  ', 'invalid_identity'],
    ['a\ud800', 'invalid_identity'],
    [2 ** 53, 'invalid_identity'],
    [true, 'invalid_identity'],
    [{}, 'invalid_identity'],
    [0, 'placeholder_identity'],
    ['0', 'placeholder_identity'],
    ['undefined', 'placeholder_identity'],
    ['NULL', 'placeholder_identity'],
    [' user ', 'placeholder_identity'],
    ['[object Object]', 'placeholder_identity'],
  ];
  for (const [value, want] of cases) {
    const result = readIdentity(value, true);
    assert.equal(typeof result === 'string' ? result : result.code, want, JSON.stringify(value));
  }
});

test('readIdentity() takes placeholders where it is told to', () => {
  assert.equal(readIdentity('undefined', false), 'undefined');
});

test('parseId() reads integers in 0..2^53-1, as numbers or digits', () => {
  const cases: [value: unknown, want: number | undefined][] = [
    [0, 0],
    [-0, 0],
    ['0', 0],
    ['007', 7],
    [9007199254740991, 9007199254740991],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', undefined],
    [2 ** 53, undefined],
    [-1, undefined],
    ['-1', undefined],
    [1.5, undefined],
    ['1e3', undefined],
    ['', undefined],
    [' 1', undefined],
    [true, undefined],
    [[], undefined],
  ];
  for (const [value, want] of cases) assert.equal(parseId(value), want, JSON.stringify(value));
});
