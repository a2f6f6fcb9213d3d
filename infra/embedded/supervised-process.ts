import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  isSameProcess,
  type ProcessIdentity,
  parseIdentity,
  printIdentity,
  processIdentity,
} from './process-identity.ts';

/**
 * Becomes the program ($1 and on) after leaving a watcher behind that holds our end of a pipe to the parent.
 * When the parent goes, however it goes, the pipe ends; the watcher then asks the program to stop, and kills
 * it when it has not after $0 tenths of a second. The program keeps the shell's process id. The watcher is
 * in the program's process group, so while it lives the system does not give that id to anyone else.
 */
const DEATH_WATCH = `
exec 3<&0
(
  exec >/dev/null 2>&1
  trap '' HUP INT TERM
  while read -r line <&3; do :; done
  kill -TERM $$
  left=$0
  while [ "$left" -gt 0 ] && kill -0 $$; do sleep 0.1; left=$((left - 1)); done
  kill -KILL $$
) &
exec 3<&- </dev/null
exec "$@"
`;

/** Longer than the watcher of any of our programs waits before it kills. */
const PREDECESSOR_PATIENCE_MS = 12_000;
const POLL_MS = 50;

export type ExitInfo = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type SupervisedOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** File that gets standard output and error of this run, from its start. */
  readonly outputFile: string;
  /** File that remembers the process, so that the next parent can wait for one left by a killed parent. */
  readonly pidFile: string;
  /** How long a clean stop may take before the process is killed. */
  readonly graceMs: number;
};

export type SupervisedProcess = {
  readonly pid: number;
  readonly exited: Promise<ExitInfo>;
  /** Asks the process to stop, kills it after the grace, and resolves when it is gone. */
  stop(): Promise<ExitInfo>;
};

/**
 * Starts a program that never outlives this process, even when this one is killed with SIGKILL, and that
 * does not see the terminal's Ctrl-C: its parent stops it when its turn has come.
 */
export async function startSupervised(options: SupervisedOptions): Promise<SupervisedProcess> {
  mkdirSync(dirname(options.outputFile), { recursive: true });
  // What the run before said as it died is kept.
  if (existsSync(options.outputFile)) renameSync(options.outputFile, `${options.outputFile}.previous`);
  const output = openSync(options.outputFile, 'w');
  let child: ChildProcess;
  try {
    child = spawnWatched(options.command, options.args, {
      directory: options.directory,
      graceMs: options.graceMs,
      output,
    });
  } finally {
    closeSync(output);
  }
  const exited = new Promise<ExitInfo>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      rmSync(options.pidFile, { force: true });
      resolve({ code, signal });
    });
  });
  exited.catch(() => {});
  if (child.pid === undefined) await exited;
  const pid = child.pid!;
  const identity = processIdentity(pid);
  if (identity !== undefined) writeFileSync(options.pidFile, printIdentity(identity));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.graceMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  return { pid, exited, stop };
}

/**
 * Starts a program in a process group of its own that is stopped when this process goes. Its standard input is empty;
 * `output` is a file descriptor, or 'pipe' for standard output and error.
 */
export function spawnWatched(
  command: string,
  args: readonly string[],
  options: { readonly directory: string; readonly graceMs: number; readonly output: number | 'pipe' },
): ChildProcess {
  const grace = String(Math.ceil(options.graceMs / 100));
  const child = spawn('sh', ['-c', DEATH_WATCH, grace, command, ...args], {
    cwd: options.directory,
    detached: true,
    stdio: ['pipe', options.output, options.output],
  });
  child.stdin?.on('error', () => {});
  child.once('exit', () => child.stdin?.destroy());
  return child;
}

/**
 * Waits until a process that a killed parent left behind is gone: it still holds its port and files while it
 * stops. Kills it when it takes too long.
 */
export async function awaitPredecessor(pidFile: string): Promise<void> {
  const predecessor = readPidFile(pidFile);
  if (predecessor === undefined) return;
  const deadlineMs = performance.now() + PREDECESSOR_PATIENCE_MS;
  while (isSameProcess(predecessor)) {
    if (performance.now() > deadlineMs) kill(predecessor.pid);
    await pause(POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It went by itself just now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readPidFile(path: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
