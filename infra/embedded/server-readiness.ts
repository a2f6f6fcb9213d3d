import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { UnavailableError } from '#lib/errors.ts';
import type { ExitInfo, SupervisedProcess } from './supervised-process.ts';

const POLL_MS = 50;
const SHOWN_LOG_LINES = 15;

export type ServerStart = {
  /** Directory of the whole stack; each server has a folder of its own in it. */
  readonly dataDir: string;
  /** Port to listen on, known to be free. */
  readonly port: number;
  /** Aborted = give up starting and stop. */
  readonly signal?: AbortSignal | undefined;
};

export type Readiness = {
  readonly name: string;
  /** Asks the server itself; false as long as it does not answer. */
  readonly isReady: () => Promise<boolean>;
  readonly withinMs: number;
  /** Its last lines are part of the error. */
  readonly logFile: string;
  readonly signal: AbortSignal | undefined;
};

/**
 * Resolves when a server that was just started answers. Where it exits before, or does not answer in time,
 * it is stopped and UnavailableError thrown; where the signal is aborted, it is stopped and the signal's reason thrown.
 */
export async function whenReady(server: SupervisedProcess, readiness: Readiness): Promise<void> {
  const { name, isReady, withinMs, logFile, signal } = readiness;
  const deadlineMs = performance.now() + withinMs;
  let exit: ExitInfo | undefined;
  server.exited.then((info) => {
    exit = info;
  });
  try {
    while (!(await isReady())) {
      signal?.throwIfAborted();
      if (exit !== undefined) throw failure(name, `it ${describeExit(exit)}`, logFile);
      if (performance.now() > deadlineMs)
        throw failure(name, `no answer within ${withinMs / 1000} s`, logFile);
      await pause(POLL_MS);
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** How a process ended, as the end of a sentence. */
export function describeExit({ code, signal }: ExitInfo): string {
  return signal === null ? `exited with ${code}` : `was killed by ${signal}`;
}

function failure(name: string, reason: string, logFile: string): UnavailableError {
  let tail: string;
  try {
    tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-SHOWN_LOG_LINES).join('\n');
  } catch {
    tail = '';
  }
  return new UnavailableError(`Cannot start ${name}: ${reason}; the end of ${logFile}:\n${tail}`);
}
