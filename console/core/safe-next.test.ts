import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeNext } from './safe-next.ts';

test('safeNext() keeps pages of the console with their question', () => {
  assert.equal(safeNext('/funnel?q=%7B%7D&env=a'), '/funnel?q=%7B%7D&env=a');
});

test('safeNext() never leads to another site', () => {
  for (const next of [
    undefined,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/login',
    ['/users'],
  ])
    assert.equal(safeNext(next), '/live', String(next));
});
