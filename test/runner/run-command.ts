import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join, resolve } from 'node:path';
import type { Outcome } from './outcome.ts';

const BINARIES = resolve('node_modules', '.bin');

/** Runs a program of the repository's packages, its output passed on. Success counts as no test at all. */
export async function runCommand([name = '', ...args]: readonly string[]): Promise<Outcome> {
  const env = { ...process.env, PATH: [BINARIES, process.env['PATH'] ?? ''].join(delimiter) };
  const child = spawn(join(BINARIES, name), args, { stdio: 'inherit', env });
  const [code, signal] = await once(child, 'close');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (code === 0) return counts;
  return { ...counts, problem: `${name} ended with ${signal ?? `exit code ${code}`}` };
}
