import type { ClickHouse } from '#lib/clickhouse/client.ts';
import {
  DEFAULT_IDENTIFY_LIMIT,
  type Environment,
  type IdentifyLimit,
  identifyLimitOf,
} from '#lib/config/environments.ts';
import { INSERT_SETTINGS } from '../core/columns.ts';
import { boundEnvironmentsSql, type LimitRow, limitsSql, noteLimitSql } from '../core/limit-sql.ts';
import {
  type MigrationRow,
  migrationLine,
  NOW_SQL,
  newestVersionSql,
  overtakenSql,
  takeoversSql,
} from '../core/migration-sql.ts';
import { rebaseSql, reloadRecentSql } from '../core/resolver-sql.ts';
import { BindingJudge } from './binding-judge.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import { QUERY_SETTINGS, runResolverSql } from './run-resolver-sql.ts';

/** Recent verdicts that are looked up in a dictionary of their own before they move into the large one. */
const MOST_RECENT = 50_000;
/** Rows of one insert, where many bindings get another verdict. */
const MOST_ROWS = 50_000;
/** Devices that are looked over at a time. */
const DEVICES = 10_000;
/** How long before the last look-over a device may have been noted that was not visible then. */
const MARGIN_SECONDS = 180;

export type IdentityResolverOptions = {
  readonly generation: number;
  readonly metrics: LoaderMetrics;
  /** Say what the server's identify may bind; one that is not among them has Heap's limit. */
  readonly environments?: readonly Environment[];
  readonly mostRecent?: number;
  readonly mostRows?: number;
  readonly mostRead?: number;
};

/**
 * Writes bindings with their verdicts and makes them visible. Its only state is the table itself, and it must be
 * the only writer: a verdict depends on all bindings of an identity, whichever partition they come from.
 */
export class IdentityResolver {
  readonly #generation: number;
  readonly #metrics: LoaderMetrics;
  readonly #environments: readonly Environment[];
  readonly #judge: BindingJudge;
  readonly #mostRecent: number;
  readonly #mostRows: number;
  /** Greater than the version of any row written before; 0 = not looked up yet. */
  #lastVersion = 0;
  /** Whether the verdicts in the table are known to be reached by the limits. */
  #isByLimits = false;
  /** When devices were looked over last, by the server's clock; undefined = not yet. */
  #lookedOverAt: string | undefined;

  constructor(options: IdentityResolverOptions) {
    this.#generation = options.generation;
    this.#metrics = options.metrics;
    this.#environments = options.environments ?? [];
    this.#judge = new BindingJudge({
      generation: options.generation,
      limitOf: (number) => this.#limitOf(number),
      mostRead: options.mostRead,
    });
    this.#mostRecent = options.mostRecent ?? MOST_RECENT;
    this.#mostRows = options.mostRows ?? MOST_ROWS;
  }

  /** Another may have written since: whatever was known of the table is looked up again. */
  forget(): void {
    this.#lastVersion = 0;
    this.#isByLimits = false;
    this.#lookedOverAt = undefined;
  }

  /**
   * Inserts new bindings, and the older ones whose verdict they change, as one block where they are not very many. The
   * settings say whether ClickHouse may take it for done: where a row comes twice, the newest counts. `isRepeat`:
   * an earlier attempt may have written part of it.
   */
  async add(
    clickHouse: ClickHouse,
    added: readonly MigrationRow[],
    settings: Readonly<Record<string, string | number>>,
    isRepeat = false,
  ): Promise<void> {
    await this.followLimits(clickHouse);
    const version = await this.#nextVersion(clickHouse);
    const changed = this.#collect(clickHouse, version);
    let verdicts: MigrationRow[] = [];
    for (const [environment, own] of Map.groupBy(added, (row) => row.environment)) {
      const options = { toEnd: isRepeat, write: changed.add };
      verdicts = verdicts.concat(await this.#judge.judge(clickHouse, environment, own, options));
    }
    await this.#write(clickHouse, changed.rest().concat(verdicts), version, settings);
  }

  /**
   * Judges again where a device turned out to be the canonical id of an identity after it was bound: of those that were
   * noted since the last time, or of all.
   */
  async recheck(clickHouse: ClickHouse, ofAll = false): Promise<void> {
    await this.followLimits(clickHouse);
    const version = await this.#nextVersion(clickHouse);
    const [clock] = await clickHouse.query<{ now: string }>(NOW_SQL);
    const overtaken = await clickHouse.query<{ environment: number; from_user_id: number }>(
      overtakenSql(this.#generation, ofAll ? undefined : this.#lookedOverAt, MARGIN_SECONDS),
      QUERY_SETTINGS,
    );
    const changed = this.#collect(clickHouse, version);
    for (const [environment, rows] of Map.groupBy(overtaken, (row) => row.environment)) {
      for (let at = 0; at < rows.length; at += DEVICES) {
        const devices = new Set(rows.slice(at, at + DEVICES).map((row) => row.from_user_id));
        const takeovers = await clickHouse.query<MigrationRow>(
          takeoversSql(this.#generation, environment, devices),
          QUERY_SETTINGS,
        );
        const verdicts = await this.#judge.judgeTakeovers(clickHouse, environment, takeovers, changed.add);
        await this.#write(clickHouse, changed.rest().concat(verdicts), version, {});
      }
    }
    this.#lookedOverAt = clock?.now;
  }

  /** Judges again what another limit judged than the one there is now. */
  async followLimits(clickHouse: ClickHouse): Promise<void> {
    if (this.#isByLimits) return;
    const generation = this.#generation;
    const noted = await clickHouse.query<LimitRow>(limitsSql(generation), QUERY_SETTINGS);
    const bound = await clickHouse.query<{ environment: number }>(
      boundEnvironmentsSql(generation),
      QUERY_SETTINGS,
    );
    const registered = this.#environments.map(({ number }) => number);
    for (const environment of new Set([
      ...[...noted, ...bound].map((row) => row.environment),
      ...registered,
    ])) {
      const limit = this.#limitOf(environment);
      // What was judged before limits were noted was judged by Heap's.
      const { user_ids, days } = noted.find((row) => row.environment === environment) ?? {
        user_ids: DEFAULT_IDENTIFY_LIMIT.userIds,
        days: DEFAULT_IDENTIFY_LIMIT.days,
      };
      if (user_ids === (limit?.userIds ?? 0) && days === (limit?.days ?? 0)) continue;
      const version = await this.#nextVersion(clickHouse);
      const changed = this.#collect(clickHouse, version);
      await this.#judge.judgeAll(clickHouse, environment, changed.add);
      await this.#write(clickHouse, changed.rest(), version, {});
      await clickHouse.command(noteLimitSql(generation, environment, limit));
    }
    this.#isByLimits = true;
  }

  /** Moves recent verdicts into the large dictionary when there are many. */
  async rebase(clickHouse: ClickHouse): Promise<void> {
    const [recent] = await clickHouse.query<{ rows: number; version: string }>(
      `SELECT count() AS rows, toString(max(version)) AS version FROM cairn.identity_changes WHERE generation = ${this.#generation}`,
      QUERY_SETTINGS,
    );
    if (recent === undefined || recent.rows <= this.#mostRecent) return;
    for (const sql of rebaseSql(this.#generation, recent.version)) await runResolverSql(clickHouse, sql);
  }

  #limitOf(environment: number): IdentifyLimit | null {
    return identifyLimitOf(this.#environments, environment);
  }

  /** Collects rows that get another verdict, and writes them where they are very many. */
  #collect(clickHouse: ClickHouse, version: number) {
    let rows: MigrationRow[] = [];
    const rest = () => {
      const collected = rows;
      rows = [];
      return collected;
    };
    return {
      rest,
      add: async (more: readonly MigrationRow[]) => {
        for (const row of more) rows.push(row);
        if (rows.length >= this.#mostRows) await this.#write(clickHouse, rest(), version, {});
      },
    };
  }

  /**
   * A version above every one there is, whatever the clock of whoever wrote before says. Taken before the bindings
   * are read that a verdict rests on: where a process stands still between the two, what it then writes is older
   * than what its successor wrote meanwhile.
   */
  async #nextVersion(clickHouse: ClickHouse): Promise<number> {
    if (this.#lastVersion === 0) {
      const [newest] = await clickHouse.query<{ version: number }>(
        newestVersionSql(this.#generation),
        QUERY_SETTINGS,
      );
      this.#lastVersion = newest?.version ?? 0;
    }
    this.#lastVersion = Math.max(this.#lastVersion + 1, Date.now());
    return this.#lastVersion;
  }

  async #write(
    clickHouse: ClickHouse,
    rows: readonly MigrationRow[],
    version: number,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    if (rows.length === 0) return;
    const end = this.#metrics.insertSeconds.startTimer({ table: 'user_migrations' });
    await clickHouse.insert(
      'INSERT INTO cairn.user_migrations FORMAT JSONEachRow',
      Buffer.from(rows.map((row) => migrationLine(row, this.#generation, version)).join('\n')),
      { ...INSERT_SETTINGS, ...settings },
    );
    await runResolverSql(clickHouse, reloadRecentSql(this.#generation));
    end();
    this.#metrics.rows.inc({ table: 'user_migrations' }, rows.length);
    for (const { reason } of rows) this.#metrics.bindings.inc({ reason });
  }
}
