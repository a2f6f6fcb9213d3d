/**
 * How many random histories the model tests try. `npm test` tries the same few every time;
 * `CAIRN_MODEL_RUNS=N npm test -- --only model` tries N times as many, others each time, and a failure prints its
 * seed: with `CAIRN_MODEL_SEED`, and as many runs, it is tried again.
 */

import type { Parameters } from 'fast-check';

const FIXED_SEED = 20260110;

/** Parameters of `fc.assert` for a property that tries `numRuns` histories in `npm test`. */
export function runs(numRuns: number): Parameters<unknown> {
  const times = Number(process.env['CAIRN_MODEL_RUNS'] || 1);
  const seed = process.env['CAIRN_MODEL_SEED'];
  if (!(times > 0))
    throw new RangeError(`Cannot read CAIRN_MODEL_RUNS: want a number, current value is ${times}`);
  return {
    numRuns: Math.ceil(numRuns * times),
    ...(seed !== undefined ? { seed: Number(seed) } : times === 1 ? { seed: FIXED_SEED } : {}),
  };
}
