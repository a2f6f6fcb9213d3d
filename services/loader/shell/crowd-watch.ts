import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Environment } from '#lib/config/environments.ts';
import type { Logger } from '#lib/service/logger.ts';
import { type Crowd, crowdsSql } from '../core/crowd-sql.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import { QUERY_SETTINGS } from './run-resolver-sql.ts';

/** Identities that are remembered between two looks; beyond that all are looked at. */
const MOST_TOUCHED = 100_000;

export type CrowdWatchOptions = {
  readonly generation: number;
  readonly environments: readonly Environment[];
  /** Devices of an identity that is not told of. */
  readonly mostDevices: number;
  readonly metrics: LoaderMetrics;
  readonly log: Logger;
};

/**
 * Tells of identities that collect very many devices: as a rule a caller sends one name for everybody, and all their
 * users become one. Each is logged once; the metric says how many there are.
 */
export class CrowdWatch {
  readonly #options: CrowdWatchOptions;
  /** Identities with new bindings since the last look, by environment; undefined = any may have some. */
  #touched: Map<number, Set<number>> | undefined;
  #touchedCount = 0;
  /** Identities with very many devices, by environment. */
  readonly #crowds = new Map<number, Set<number>>();
  /** Those that were logged, as `environment/user`. */
  readonly #told = new Set<string>();

  constructor(options: CrowdWatchOptions) {
    this.#options = options;
  }

  note(rows: readonly { environment: number; to_user_id: number }[]): void {
    for (const { environment, to_user_id } of rows) {
      if (this.#touched === undefined) return;
      const own = this.#touched.get(environment) ?? new Set();
      this.#touched.set(environment, own);
      if (!own.has(to_user_id)) this.#touchedCount += 1;
      own.add(to_user_id);
      if (this.#touchedCount > MOST_TOUCHED) this.#touched = undefined;
    }
  }

  /** Another may have written, or have the bindings now: the next look is at all. */
  forget(): void {
    this.#touched = undefined;
    this.#crowds.clear();
    this.#options.metrics.crowds.reset();
  }

  async look(clickHouse: ClickHouse): Promise<void> {
    const { generation, mostDevices } = this.#options;
    const touched = this.#touched;
    this.#touched = new Map();
    this.#touchedCount = 0;
    try {
      const read = (sql: string) => clickHouse.query<Crowd>(sql, QUERY_SETTINGS);
      if (touched === undefined) this.#tell(await read(crowdsSql(generation, mostDevices)));
      else
        for (const [environment, identities] of touched)
          this.#tell(await read(crowdsSql(generation, mostDevices, { environment, identities })));
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  #tell(crowds: readonly Crowd[]): void {
    const { environments, log, metrics } = this.#options;
    for (const { environment: number, to_user_id: userId, devices } of crowds) {
      const known = this.#crowds.get(number) ?? new Set();
      this.#crowds.set(number, known);
      known.add(userId);
      const environment = environments.find((one) => one.number === number)?.name ?? String(number);
      metrics.crowds.labels(environment).set(known.size);
      if (this.#told.has(`${number}/${userId}`)) continue;
      this.#told.add(`${number}/${userId}`);
      log.warn(
        { environment, userId, devices },
        'an identity has very many devices: where it stands for everybody, cairn unmerge takes them apart',
      );
    }
  }
}
