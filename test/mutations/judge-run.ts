import type { TestRun } from './run-test.ts';

/**
 *   fails     a test fails: somebody notices that the protection is off
 *   survives  all tests pass: nobody does
 *   hangs     nothing fails within the time limit
 *   broken    no test came to run: the change says nothing about the protection
 */
export type Verdict = 'fails' | 'survives' | 'hangs' | 'broken';

/** What the run of a test with a protection switched off says. `detail` is the first failure, or what went wrong. */
export function judgeRun({ ended, hung, said }: TestRun): { verdict: Verdict; detail: string } {
  const failed = ended.find(({ passed, hookFailed }) => !passed && !hookFailed);
  if (failed !== undefined) return { verdict: 'fails', detail: `${failed.name}: ${failed.message}` };
  if (hung) return { verdict: 'hangs', detail: 'nothing had failed when the time was over' };
  const hook = ended.find(({ hookFailed }) => hookFailed);
  if (hook !== undefined) return { verdict: 'broken', detail: hook.message };
  if (ended.length === 0)
    return { verdict: 'broken', detail: said.trim().split('\n').at(-1) || 'no test ran' };
  return { verdict: 'survives', detail: `${ended.length} passed` };
}

/** Why tests cannot judge a protection, as they do not pass with it in force; empty where they do. */
export function whyUnfit(run: TestRun, names: readonly string[]): string {
  const { verdict, detail } = judgeRun(run);
  if (verdict !== 'survives') return detail;
  const missing = names.filter((name) => !run.ended.some((one) => one.name === name));
  return missing.length === 0 ? '' : `there is no test named ${JSON.stringify(missing[0])}`;
}
