import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Logger } from '#lib/service/logger.ts';
import {
  GIVE_UP_SQL,
  SQUASHED_TABLES,
  type SquashedTable,
  squashSql,
  staleSql,
  UNDER_WAY_SQL,
} from '../core/squash-sql.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import type { PatientClickHouse } from './patient-clickhouse.ts';
import { runResolverSql } from './run-resolver-sql.ts';

const LOOK_EVERY_MS = 250;
/** A loader that has just started has a backlog to work off. */
const FIRST_AFTER_MS = 10 * 60_000;

export type SquasherOptions = {
  readonly patient: PatientClickHouse;
  readonly generation: number;
  readonly intervalMs: number;
  readonly metrics: LoaderMetrics;
  readonly log: Logger;
};

/**
 * Brings stored user ids up to what readers see, one partition of one table at a time, so that ClickHouse never has
 * more than one such rewrite to do. Only the owner of the bindings' partitions does it. Nothing is remembered between
 * rounds: whatever one left undone, the next one finds.
 */
export class Squasher {
  readonly #options: SquasherOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #isOwner = false;

  constructor(options: SquasherOptions) {
    this.#options = options;
    this.#schedule(Math.min(FIRST_AFTER_MS, options.intervalMs));
  }

  /** Whether this loader has the bindings' partitions. */
  own(isNow: boolean): void {
    this.#isOwner = isNow;
  }

  /** Returns when every row that was stale at the start is up to date, or the partitions were given up. */
  async round(): Promise<void> {
    const { patient, generation, log, metrics } = this.#options;
    const isWanted = () => this.#isOwner && !this.#stopping.signal.aborted;
    await this.#waitUntilDone(isWanted);
    for (const table of SQUASHED_TABLES) {
      const stale = await patient.call((clickHouse) => readStale(clickHouse, table, generation), isWanted);
      for (const { partition, rows } of stale) {
        if (!isWanted()) return;
        await patient.call(
          (clickHouse) => runResolverSql(clickHouse, squashSql(table, generation, partition)),
          isWanted,
        );
        if (!(await this.#waitUntilDone(isWanted))) return;
        metrics.squashed.inc({ table }, rows);
        log.info({ table, partition, rows }, 'stored user ids were brought up to what readers see');
      }
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort();
    await this.#round;
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#runRound().finally(() => {
        if (!this.#stopping.signal.aborted) this.#schedule(this.#options.intervalMs);
      });
    }, afterMs);
  }

  /** No answer depends on a round, so one that fails is told of, and another one comes. */
  async #runRound(): Promise<void> {
    if (!this.#isOwner) return;
    try {
      await this.round();
    } catch (error) {
      if (!this.#isOwner || this.#stopping.signal.aborted) return;
      this.#options.metrics.squashFailures.inc();
      this.#options.log.error({ err: error }, 'stored user ids could not be brought up to date this time');
    }
  }

  /** False where a rewrite failed and was given up, or nobody waits for it any more: ClickHouse then goes on alone. */
  async #waitUntilDone(isWanted: () => boolean): Promise<boolean> {
    const { patient, log, metrics } = this.#options;
    for (;;) {
      const underWay = await patient.call(
        (clickHouse) => clickHouse.query<{ table: string; failure: string }>(UNDER_WAY_SQL),
        isWanted,
      );
      if (underWay.length === 0) return true;
      const failed = underWay.find(({ failure }) => failure !== '');
      if (failed !== undefined) {
        await patient.call((clickHouse) => clickHouse.command(GIVE_UP_SQL), isWanted);
        metrics.squashFailures.inc();
        log.error(failed, 'ClickHouse cannot rewrite stored user ids: given up until the next round');
        return false;
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (!isWanted()) return false;
    }
  }
}

function readStale(
  clickHouse: ClickHouse,
  table: SquashedTable,
  generation: number,
): Promise<{ partition: string; rows: number }[]> {
  return clickHouse.query(staleSql(table, generation), { output_format_json_quote_64bit_integers: 0 });
}
