import type { Protection } from '../protection.ts';

/** Tracking plans: what the collector refuses, and how it judges. */
export const PLANS: readonly Protection[] = [
  {
    name: 'collector: a dead letter before the answer',
    against: 'inputs that a plan refused and nobody can look at',
    file: 'services/collector/shell/http-server.ts',
    find: '    if (letters.length > 0) await options.letters.publish(letters);\n',
    replace: '',
    testFile: 'services/collector/shell/load-plans.test.ts',
    testName: 'what a plan refuses is a dead letter before it is answered, and a metric counts it',
  },
  {
    name: 'plans: few ways to try a text',
    against: 'a pattern that stops a collector',
    file: 'plans/core/pattern.ts',
    find: "  if (ways > MOST_WAYS) return 'it has too many repetitions that may end here or there';\n",
    replace: '',
    testFile: 'plans/core/pattern.test.ts',
    testName: 'patternProblem() takes what JavaScript and RE2 read alike, and nothing that can take long',
  },
  {
    name: 'plans: whole numbers are times, others are none',
    against: 'a coverage that says something else than the collector',
    file: 'queries/plan-coverage.ts',
    find: ' = floor(',
    replace: ' != 1 + floor(',
    testFile: 'queries/plan-coverage.test.ts',
    testName: 'what ClickHouse says of stored values is what the collector says of new ones',
  },
];
