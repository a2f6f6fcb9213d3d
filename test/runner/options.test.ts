import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { SUITES } from './suites.ts';

const names = (argv: string[]) => readOptions(argv, {}).suites.map(({ name }) => name);

test('readOptions() takes every suite where none is named, else the named ones in their own order', () => {
  assert.deepEqual(
    names([]),
    SUITES.map(({ name }) => name),
  );
  assert.deepEqual(names(['--only', 'pipeline,types', '--only', 'unit']), ['types', 'unit', 'pipeline']);
});

test('readOptions() takes the backend from the arguments, then from the environment', () => {
  const env = { CAIRN_TEST_BACKEND: 'containers' };
  assert.equal(readOptions([], {}).backend, 'embedded');
  assert.equal(readOptions([], env).backend, 'containers');
  assert.equal(readOptions(['--backend', 'embedded'], env).backend, 'embedded');
});

test('readOptions() refuses names it does not know', () => {
  assert.throws(
    () => readOptions(['--only', 'unti'], {}),
    /^Error: Cannot run a suite of this name: "unti"$/,
  );
  assert.throws(
    () => readOptions(['--backend', 'mock'], {}),
    /^Error: Cannot use a backend of this name: "mock"$/,
  );
});
