import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '#lib/config/spec.ts';
import { SPEC } from '../../services/identity-merger/config.ts';
import { duplicatesBoundOf, remembersAs } from '../../services/identity-merger/core/duplicates-bound.ts';
import { duplicatesVariables } from './duplicates-variables.ts';

const HOUR_MS = 60 * 60 * 1000;

function factsOf(windowMs: number, maxIds: number) {
  return { duplicates_window_ms: windowMs, duplicates_max_ids: maxIds, duplicates_ids_in_memory: 1 };
}

test('a replay recognises duplicates as the live generation does', () => {
  const bound = duplicatesBoundOf([factsOf(48 * HOUR_MS, 0), factsOf(48 * HOUR_MS, 0)]);
  const said: string[] = [];
  const variables = duplicatesVariables(3, bound, {}, (text) => said.push(text));
  assert.equal(readConfig(SPEC, variables).CAIRN_DUPLICATES_WINDOW, `${48 * HOUR_MS}ms`);
  assert.deepEqual(said, []);
  const inMemory = duplicatesBoundOf([factsOf(24 * HOUR_MS, 50), factsOf(24 * HOUR_MS, 50)]);
  assert.equal(duplicatesVariables(3, inMemory, {}, () => {})['CAIRN_DUPLICATES_MAX_IDS'], '100');
  assert.deepEqual(
    duplicatesVariables(3, undefined, {}, () => {}),
    {},
  );
});

test('a replay with another window says that its events may differ', () => {
  const bound = duplicatesBoundOf([factsOf(24 * HOUR_MS, 50)]);
  const said: string[] = [];
  const say = (text: string) => said.push(text);
  const variables = duplicatesVariables(3, bound, { CAIRN_DUPLICATES_WINDOW: '7d' }, say);
  assert.equal(variables['CAIRN_DUPLICATES_WINDOW'], '7d');
  assert.match(said.join(), /for 7d in the new generation and for 1d in generation 3/);
  duplicatesVariables(3, bound, { CAIRN_DUPLICATES_WINDOW: '24h' }, say);
  assert.equal(said.length, 1);
});

test('verify folds the log with what the merger committed of its memory', () => {
  assert.deepEqual(remembersAs(undefined, 4), {});
  assert.deepEqual(remembersAs(factsOf(HOUR_MS, 50), 4), { windowMs: HOUR_MS, maxIds: 200 });
  assert.deepEqual(remembersAs(factsOf(48 * HOUR_MS, 0), 4), { windowMs: 48 * HOUR_MS, overflows: true });
});
