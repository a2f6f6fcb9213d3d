/** What `npm test` runs: every check and test of the repository, and a summary that a CI reader can count. */

import { type Options, readOptions, USAGE } from './runner/options.ts';
import { describe, type Outcome, total } from './runner/outcome.ts';
import { runCommand } from './runner/run-command.ts';
import { runTestFiles } from './runner/run-test-files.ts';

process.chdir(new URL('..', import.meta.url).pathname);
let options: Options;
try {
  options = readOptions(process.argv.slice(2), process.env);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
process.env['CAIRN_TEST_BACKEND'] = options.backend;

const outcomes: Outcome[] = [];
const lines: string[] = [];
for (const suite of options.suites) {
  process.stdout.write(`\n▶ ${suite.name}\n`);
  const startedAtMs = performance.now();
  const outcome =
    'command' in suite
      ? await runCommand(suite.command)
      : await runTestFiles(suite, options.backend === 'containers' ? 1 : suite.concurrency);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  const result = 'command' in suite && outcome.problem === undefined ? 'passed' : describe(outcome);
  outcomes.push(outcome);
  lines.push(`  ${suite.name.padEnd(12)} ${result.padEnd(40)} ${seconds.padStart(6)} s\n`);
}
const sum = total(outcomes);
process.stdout.write(`\nSummary (backend: ${options.backend})\n${lines.join('')}\n${describe(sum)}\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;
