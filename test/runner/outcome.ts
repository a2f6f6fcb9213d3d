/** What came of a suite, or of all of them. */
export type Outcome = {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Other than a failed test: why the suite failed as a whole. */
  readonly problem?: string;
};

/** Adds up. A suite that failed as a whole counts as one failure. */
export function total(outcomes: readonly Outcome[]): Outcome {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const outcome of outcomes) {
    passed += outcome.passed;
    failed += outcome.failed + (outcome.problem === undefined ? 0 : 1);
    skipped += outcome.skipped;
  }
  return { passed, failed, skipped };
}

/** `3 passed, 0 failed`, and what was skipped where something was. */
export function describe({ passed, failed, skipped, problem }: Outcome): string {
  if (problem !== undefined) return `FAILED: ${problem}`;
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}
