/**
 * npm run test:mutations: switches each protection off in turn, in a copy of the repository, and expects a test to
 * fail. Says which protections nobody would miss.
 */

import { parseArgs } from 'node:util';
import { judgeRun, type Verdict, whyUnfit } from './judge-run.ts';
import type { Protection } from './protection.ts';
import { PROTECTIONS } from './protections.ts';
import { runTest } from './run-test.ts';
import { WorkingCopy } from './working-copy.ts';

const LIMIT_SECONDS = 300;
const USAGE = `Usage: npm run test:mutations -- [--only NAME]... [--limit SECONDS] [--json] [--list]

  --only NAME      protections whose name contains this; may be given more than once
  --limit SECONDS  how long a test may take (${LIMIT_SECONDS})
  --json           the result as JSON on stdout
  --list           names the protections, and ends

Exit code 1 where a protection is switched off and no test fails.
`;

type Line = {
  name: string;
  against: string;
  test: string;
  verdict: Verdict;
  seconds: number;
  detail: string;
};

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      limit: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const limitSeconds = Number(values.limit ?? LIMIT_SECONDS);
  if (!(limitSeconds > 0)) throw new Error('Cannot read --limit: it is a number of seconds');
  const wanted = values.only ?? [''];
  const protections = PROTECTIONS.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (protections.length === 0) throw new Error(`Cannot find a protection named ${wanted.join(', ')}`);
  return { ...values, limitMs: 1000 * limitSeconds, protections };
}

async function check(protections: readonly Protection[], limitMs: number): Promise<Line[]> {
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const copy = new WorkingCopy(new URL('../..', import.meta.url).pathname);
  const lines: Line[] = [];
  process.once('SIGINT', () => process.exit(130));
  process.once('exit', () => copy.remove());
  for (const [testFile, own] of Map.groupBy(protections, (protection) => protection.testFile)) {
    const named = own.flatMap(({ testName }) => testName ?? []);
    const names = named.length === own.length ? [...new Set(named)] : [];
    const baseline = await runTest(copy, testFile, names, limitMs);
    const unfit = whyUnfit(baseline, names);
    say(
      `${testFile} ${unfit === '' ? 'passes' : `DOES NOT PASS: ${unfit}`} (${baseline.seconds.toFixed(1)} s)`,
    );
    for (const protection of own) {
      const { name, against, testName } = protection;
      const test = testName === undefined ? testFile : `${testFile}: ${testName}`;
      const line = await (unfit !== ''
        ? { verdict: 'broken' as const, detail: `it does not pass as it is: ${unfit}`, seconds: 0 }
        : copy.without(protection, async () => {
            const run = await runTest(copy, testFile, testName === undefined ? [] : [testName], limitMs);
            return { ...judgeRun(run), seconds: run.seconds };
          }));
      lines.push({ name, against, test, ...line });
      say(`  without ${name}: ${line.verdict} (${line.seconds.toFixed(1)} s) ${line.detail}`);
    }
  }
  return lines;
}

function render(lines: readonly Line[]): string {
  const rows = lines.map(({ name, test, verdict, seconds }) => [
    name,
    verdict,
    `${seconds.toFixed(1)} s`,
    test,
  ]);
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const text = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  return `${text.join('\n')}\n`;
}

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
if (options.help) process.stdout.write(USAGE);
else if (options.list) process.stdout.write(options.protections.map(({ name }) => `${name}\n`).join(''));
else {
  const lines = await check(options.protections, options.limitMs);
  const bad = lines.filter(({ verdict }) => verdict !== 'fails');
  process.stdout.write(options.json ? `${JSON.stringify(lines, null, 2)}\n` : render(lines));
  process.stderr.write(`${lines.length} protections switched off, ${bad.length} of them unnoticed\n`);
  process.exitCode = bad.length === 0 ? 0 : 1;
}
