import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import type { Outcome } from './outcome.ts';
import type { Suite } from './suites.ts';

const LONGEST_TEST_MS = 10 * 60_000;
/** Files that say nothing for longer, and run no test, hold something open and will not end by themselves. */
const LONGEST_LEFTOVER_MS = 3 * 60_000;
const SIGN_OF_LIFE_MS = 30_000;

/** Runs a suite's files with node:test, each in a process of its own, and prints what it says as it says it. */
export async function runTestFiles(
  suite: Extract<Suite, { files: unknown }>,
  concurrency: number,
): Promise<Outcome> {
  const files = globSync(suite.files, { exclude: ['**/node_modules/**', ...(suite.except ?? [])] }).sort();
  let outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) return { ...outcome, problem: 'it has no test files' };
  let summed = false;
  const running = new Map<string, string | undefined>();
  const giveUp = new AbortController();
  const tests = run({
    files,
    concurrency,
    timeout: LONGEST_TEST_MS,
    signal: giveUp.signal,
  });
  // With a process for each file, the outermost test is the file.
  tests.on('test:dequeue', ({ nesting, name, file }) => {
    if (nesting === 0) running.set(name, file);
  });
  tests.on('test:complete', ({ nesting, name }) => {
    if (nesting !== 0) return;
    running.delete(name);
    // A file whose process died leaves tests behind that never complete.
    for (const [test, file] of running)
      if (file !== undefined && resolve(file) === resolve(name)) running.delete(test);
  });
  tests.on('test:fail', ({ name, details }) => {
    const { exitCode, signal } = details.error as { exitCode?: number; signal?: string | null };
    if (signal) process.stdout.write(`${relative('.', name)} was ended by ${signal}\n`);
    else if (exitCode !== undefined && exitCode > 1)
      process.stdout.write(`${relative('.', name)} ended with exit code ${exitCode}\n`);
  });
  tests.on('test:summary', ({ file, counts }) => {
    if (file !== undefined) return;
    summed = true;
    outcome = {
      passed: counts.passed,
      failed: counts.tests - counts.passed - counts.skipped - counts.todo,
      skipped: counts.skipped + counts.todo,
    };
  });
  let heardAtMs = performance.now();
  let saidAtMs = heardAtMs;
  const watch = setInterval(() => {
    const nowMs = performance.now();
    const isLeftover = [...running.keys()].every((name) => files.includes(relative('.', name)));
    if (nowMs - heardAtMs > (isLeftover ? LONGEST_LEFTOVER_MS : LONGEST_TEST_MS + 60_000)) giveUp.abort();
    if (nowMs - Math.max(saidAtMs, heardAtMs) < SIGN_OF_LIFE_MS) return;
    saidAtMs = nowMs;
    const names = [...running.keys()].map((name) => relative('.', name));
    process.stdout.write(
      `… ${names.join(', ')}: nothing new for ${Math.round((nowMs - heardAtMs) / 1000)} s\n`,
    );
  }, 1000);
  try {
    for await (const text of tests.compose(spec)) {
      process.stdout.write(text);
      heardAtMs = performance.now();
    }
  } finally {
    clearInterval(watch);
  }
  return summed ? outcome : { ...outcome, problem: 'the test runner ended without a summary' };
}
