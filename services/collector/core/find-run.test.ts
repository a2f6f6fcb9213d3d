import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findRun } from './find-run.ts';

const buffers = (text: string) => [...text].map((letter) => Buffer.from(letter));

test('findRun() finds values that follow one another, and no others', () => {
  assert.ok(findRun(buffers('abcd'), buffers('bc')));
  assert.ok(findRun(buffers('aab'), buffers('ab')));
  assert.ok(!findRun(buffers('abcd'), buffers('bd')));
  assert.ok(!findRun(buffers('abc'), buffers('cd')));
  assert.ok(!findRun([null, ...buffers('b')], buffers('ab')));
});

test('findRun() says what searching in text says', () => {
  const text = fc.stringMatching(/^[ab]{0,12}$/);
  fc.assert(
    fc.property(text, fc.stringMatching(/^[ab]{1,4}$/), (all, part) => {
      assert.equal(findRun(buffers(all), buffers(part)), all.includes(part));
    }),
  );
});
