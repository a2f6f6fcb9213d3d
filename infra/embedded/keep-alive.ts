import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from '#lib/errors.ts';
import { describeExit } from './server-readiness.ts';
import type { SupervisedProcess } from './supervised-process.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** A run this long was a good one: the next restart is quick again. */
const GOOD_RUN_MS = 10_000;

export type KeptAlive = {
  /** Process id of the current run, or of the last one while there is none. */
  readonly pid: number;
  /** Rejects with ConfigError where a restart failed for a reason that only a person can mend. */
  readonly failed: Promise<never>;
  /** Stops the server and does not start it again. */
  stop(): Promise<void>;
};

/**
 * Starts a server, and again whenever it ends by itself, without limit. Throws what the first start throws.
 * `signal` is that of the first start alone.
 */
export async function keepAlive(
  name: string,
  start: (signal: AbortSignal) => Promise<SupervisedProcess>,
  options: { readonly progress: (text: string) => void; readonly signal: AbortSignal },
): Promise<KeptAlive> {
  const { progress } = options;
  const stopping = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let server = await start(options.signal);

  let pauseMs = FIRST_PAUSE_MS;
  const startAgain = async () => {
    for (;;) {
      await pause(pauseMs, undefined, { signal: stopping.signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      try {
        return await start(stopping.signal);
      } catch (error) {
        if (error instanceof ConfigError || stopping.signal.aborted) throw error;
        progress((error as Error).message);
      }
    }
  };
  const guard = async () => {
    while (!stopping.signal.aborted) {
      const startedAtMs = performance.now();
      const exit = await server.exited;
      if (stopping.signal.aborted) return;
      progress(`${name} ${describeExit(exit)}, restarting`);
      if (performance.now() - startedAtMs >= GOOD_RUN_MS) pauseMs = FIRST_PAUSE_MS;
      server = await startAgain();
      progress(`${name} is back`);
    }
    // Asked to stop while the server was coming up: the stop saw only the run before.
    await server.stop();
  };
  const guarding = guard().catch((error) => {
    if (!stopping.signal.aborted) failure.reject(error);
  });
  return {
    get pid() {
      return server.pid;
    },
    failed: failure.promise,
    async stop() {
      stopping.abort();
      await server.stop();
      await guarding;
    },
  };
}
