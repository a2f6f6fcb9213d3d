import { exitCodeOf } from '#lib/errors.ts';
import type { Logger } from './logger.ts';

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
 * Exit codes: 0 stopped by signal, 70 bug, 78 wrong configuration. A process started by a supervisor
 * also stops when that supervisor goes away.
 */
export async function runService(log: Logger, start: () => Promise<RunningService>): Promise<void> {
  const stopRequested = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
    process.on('disconnect', () => resolve('supervisor gone'));
  });
  try {
    const starting = start();
    const service = await Promise.race([starting, stopRequested]);
    if (typeof service === 'string') {
      log.info({ reason: service }, 'stopped before it was ready');
      process.exit(0);
    }
    process.send?.({ ready: true, url: service.url });
    log.info({ url: service.url }, 'ready');
    const reason = await Promise.race([stopRequested, service.failed]);
    log.info({ reason }, 'stopping');
    await service.stop();
    log.info('stopped');
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, 'cannot go on');
    process.exit(exitCodeOf(error));
  }
}
