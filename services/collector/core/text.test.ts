import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flag, storable, truncated } from './text.ts';

test('truncated() never splits a code point', () => {
  const cases: [text: string, max: number, want: string][] = [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['ab😀', 4, 'ab😀'],
    ['ab😀', 3, 'ab'],
    ['😀😀', 2, '😀'],
    ['😀', 1, ''],
  ];
  for (const [text, max, want] of cases) assert.equal(truncated(text, max), want, `${text} at ${max}`);
});

test('storable() replaces lone surrogates, cuts, and flags each', () => {
  const cases: [text: string, want: string, flags: Flag[]][] = [
    ['abcd', 'abcd', []],
    ['abcde', 'abcd', ['value_truncated']],
    ['a\ud800b', 'a\ufffdb', ['surrogate_replaced']],
    ['\udc00bcde', '\ufffdbcd', ['value_truncated', 'surrogate_replaced']],
    ['abc😀', 'abc', ['value_truncated']],
  ];
  for (const [text, want, wantFlags] of cases) {
    const flags: string[] = [];
    const result = storable(text, 4, 'value_truncated', flags);
    assert.deepEqual({ result, flags }, { result: want, flags: wantFlags });
  }
});
