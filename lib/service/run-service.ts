import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, exitCodeOf, UnavailableError } from '#lib/errors.ts';
import { isPassing } from '#lib/kafka/passing-error.ts';
import type { Logger } from './logger.ts';

const SUPERVISOR_GONE = 'supervisor gone';
/** Time a service that is asked to stop while it starts has for an orderly end. */
const START_PATIENCE_MS = 2000;
/** Below what a supervisor grants before it kills. */
const STOP_PATIENCE_MS = 12_000;
/** A supervisor that is gone takes its servers with it: soon nobody answers a farewell. */
const ORPHAN_PATIENCE_MS = 3000;

export type RunningService = {
  /** URL of the service: of its HTTP API where it has one, else of its health endpoints. */
  readonly url: string;
  /** Rejects when the service cannot go on. */
  readonly failed: Promise<never>;
  /** Finishes what is under way and lets go of everything. */
  stop(): Promise<void>;
};

/**
 * Life of a service process: start, tell the supervisor, run until a signal, stop cleanly.
 * Exit codes: 0 stopped by signal, 70 bug, 75 a server went away while the service started, 78 wrong configuration.
 * A process started by a supervisor also stops when that supervisor goes away.
 */
export async function runService(log: Logger, start: () => Promise<RunningService>): Promise<void> {
  const stopRequested = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
    process.on('disconnect', () => resolve(SUPERVISOR_GONE));
    // It may have gone before this process listened.
    if (process.send !== undefined && !process.connected) resolve(SUPERVISOR_GONE);
  });
  let isReady = false;
  try {
    const starting = start();
    const service = await Promise.race([starting, stopRequested]);
    if (typeof service === 'string') {
      log.info({ reason: service }, 'stopping before it was ready');
      // A start that is nearly done is better ended in order: a member that just goes away keeps its partitions.
      const orderly = starting.then((started) => started.stop());
      await Promise.race([orderly.catch(() => undefined), pause(START_PATIENCE_MS)]);
      process.exit(0);
    }
    isReady = true;
    process.send?.({ ready: true, url: service.url });
    log.info({ url: service.url }, 'ready');
    const reason = await Promise.race([stopRequested, service.failed]);
    log.info({ reason }, 'stopping');
    const stopped = service.stop().then(() => true);
    // With the broker gone as well a farewell may never be answered. Nothing is lost: the state is in the log.
    const patienceMs = reason === SUPERVISOR_GONE ? ORPHAN_PATIENCE_MS : STOP_PATIENCE_MS;
    if (await Promise.race([stopped, pause(patienceMs, false)])) log.info('stopped');
    else log.warn({ patienceMs }, 'gave up on stopping in order');
    process.exit(0);
  } catch (error) {
    // Half started is not worth undoing step by step: the next start waits for the server from the beginning.
    if (!isReady && isOfServer(error)) {
      log.warn({ reason: (error as Error).message }, 'a server went away during the start, start again');
      process.exit(EXIT.unavailable);
    }
    log.error({ err: error }, 'cannot go on');
    process.exit(exitCodeOf(error));
  }
}

function isOfServer(error: unknown): boolean {
  return error instanceof UnavailableError || (error instanceof Error && isPassing(error));
}
