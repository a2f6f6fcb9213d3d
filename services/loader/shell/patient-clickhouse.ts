import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { TaskMigratedError, UnavailableError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { LoaderMetrics } from './loader-metrics.ts';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

/** Waits for ClickHouse where it does not answer, and knows whether it does. */
export class PatientClickHouse {
  readonly #clickHouse: ClickHouse;
  readonly #log: Logger;
  readonly #metrics: LoaderMetrics;
  /** Why it does not answer; empty while it does. */
  unavailable = '';

  constructor(options: { clickHouse: ClickHouse; log: Logger; metrics: LoaderMetrics }) {
    this.#clickHouse = options.clickHouse;
    this.#log = options.log;
    this.#metrics = options.metrics;
  }

  /**
   * Repeats an action until ClickHouse answers, waiting longer each time, up to 5 s. Other errors pass through.
   * Throws TaskMigratedError where `isWanted` says that nobody waits for the result any more.
   */
  async call<T>(
    action: (clickHouse: ClickHouse) => Promise<T>,
    isWanted: () => boolean = () => true,
  ): Promise<T> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        const result = await action(this.#clickHouse);
        if (this.unavailable !== '') this.#log.info('ClickHouse answers again');
        this.unavailable = '';
        return result;
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        this.unavailable = error.message;
        this.#metrics.retries.inc();
        this.#log.warn({ reason: error.message, retryInMs: waitMs }, 'waiting for ClickHouse');
      }
      if (!isWanted()) throw new TaskMigratedError('Cannot wait for ClickHouse: the partition was given up');
      await delay(waitMs);
      if (!isWanted()) throw new TaskMigratedError('Cannot wait for ClickHouse: the partition was given up');
    }
  }
}
