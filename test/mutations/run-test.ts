import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EndedTest } from './outcome-reporter.ts';
import type { WorkingCopy } from './working-copy.ts';

export type TestRun = {
  readonly ended: readonly EndedTest[];
  /** It was killed because it did not end. */
  readonly hung: boolean;
  readonly seconds: number;
  /** The last that it said on its error output. */
  readonly said: string;
};

const KEPT_CHARACTERS = 2000;

/** Runs some tests of a file, all of them where none is named, in a copy of the repository; kills it after a time. */
export async function runTest(
  copy: WorkingCopy,
  file: string,
  names: readonly string[],
  limitMs: number,
): Promise<TestRun> {
  const results = join(copy.temporary, 'results.jsonl');
  rmSync(results, { force: true });
  const startedAtMs = performance.now();
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      `--test-reporter=${join(copy.root, 'test/mutations/outcome-reporter.ts')}`,
      `--test-reporter-destination=${results}`,
      '--test-force-exit',
      ...names.map((name) => `--test-name-pattern=^${escapePattern(name)}$`),
      file,
    ],
    // A group of its own, so that what it has started ends with it.
    {
      cwd: copy.root,
      env: { ...env, TMPDIR: copy.temporary },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data).slice(-KEPT_CHARACTERS);
  });
  let hung = false;
  const kill = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  // Where the check itself is ended.
  process.prependOnceListener('exit', kill);
  const limit = setTimeout(() => {
    hung = true;
    kill();
  }, limitMs);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(limit);
  process.off('exit', kill);
  kill();
  return { ended: readResults(results), hung, seconds: (performance.now() - startedAtMs) / 1000, said };
}

function readResults(path: string): EndedTest[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as EndedTest]));
}

function escapePattern(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
