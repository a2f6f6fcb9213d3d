import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionProblem } from './problem-option.ts';

const cases: readonly [path: string, said: string][] = [
  ['within', 'Cannot read --within: P'],
  ['one session', 'Cannot read --one-session: P'],
  ['steps', 'Cannot read --step: P'],
  ['steps[0]', 'Cannot read --step: P'],
  ['steps[2].event', 'Cannot read --step 3: P'],
  ['steps[2].where[0]', 'Cannot read --where of --step 3: P'],
  ['series[0].measure', 'Cannot read --measure of --event: P'],
  ['rules[1].at least', 'Cannot read --at-least of --rule 2: P'],
  ['rules[1].has', 'Cannot read --rule 2: P'],
  ['among[1]', 'Cannot read --among 2: P'],
  ['by.property', 'Cannot read --by: P'],
];

for (const [path, said] of cases) {
  test(`optionProblem() names the option of ${path}`, () => {
    const options = { steps: 'step', series: 'event', rules: 'rule' };
    assert.equal(optionProblem({ path, problem: 'P' }, options), said);
  });
}
