import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../cli/demo/random.ts';
import { namedSteps, POINTS } from './named-points.ts';
import { drawSchedule } from './schedule.ts';

test('drawSchedule() draws the same faults from the same seed, and others from another', () => {
  const draw = (seed: string) => drawSchedule(createRandom(seed));
  assert.deepEqual(draw('1'), draw('1'));
  assert.notDeepEqual(draw('1'), draw('2'));
});

test('namedSteps() comes to every point', () => {
  const strikes = namedSteps().flat(2);
  assert.deepEqual(new Set(strikes.map(({ point }) => point)), new Set(POINTS));
});
