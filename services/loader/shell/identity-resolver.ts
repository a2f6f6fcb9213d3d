import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { countBindings } from '../core/bindings.ts';
import { INSERT_SETTINGS } from '../core/columns.ts';
import {
  affectedSql,
  canonicalSql,
  type MigrationRow,
  migrationLine,
  newestVersionSql,
  overtakenSql,
} from '../core/migration-sql.ts';
import { rebaseSql, reloadRecentSql } from '../core/resolver-sql.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import { runResolverSql } from './run-resolver-sql.ts';

/** Recent verdicts that are looked up in a dictionary of their own before they move into the large one. */
const MOST_RECENT = 50_000;

/** Statements list ids, and may be long. */
const QUERY_SETTINGS = { max_query_size: 64 * 1024 * 1024, output_format_json_quote_64bit_integers: 0 };

/**
 * Writes bindings with their verdicts and makes them visible. Its only state is the table itself, and it must be
 * the only writer: a verdict depends on all bindings of an identity, whichever partition they come from.
 */
export class IdentityResolver {
  readonly #generation: number;
  readonly #metrics: LoaderMetrics;
  readonly #mostRecent: number;
  /** Greater than the version of any row written before; 0 = not looked up yet. */
  #lastVersion = 0;

  constructor(options: { generation: number; metrics: LoaderMetrics; mostRecent?: number }) {
    this.#generation = options.generation;
    this.#metrics = options.metrics;
    this.#mostRecent = options.mostRecent ?? MOST_RECENT;
  }

  /**
   * Inserts new bindings, and the older ones whose verdict they change, as one block. The settings say whether
   * ClickHouse may take it for done: where a row comes twice, the newest counts.
   */
  async add(
    clickHouse: ClickHouse,
    added: readonly MigrationRow[],
    settings: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const version = await this.#nextVersion(clickHouse);
    const changed: MigrationRow[] = [];
    for (const environment of new Set(added.map((row) => row.environment))) {
      const own = added.filter((row) => row.environment === environment);
      const identities = new Set(own.map((row) => row.to_user_id));
      changed.push(...(await this.#judge(clickHouse, environment, identities, own)));
    }
    await this.#write(clickHouse, changed, version, settings);
  }

  /** Judges again where a device turned out to be the canonical id of an identity after it was bound. */
  async recheck(clickHouse: ClickHouse): Promise<void> {
    const version = await this.#nextVersion(clickHouse);
    const overtaken = await clickHouse.query<{ environment: number; to_user_id: number }>(
      overtakenSql(this.#generation),
      QUERY_SETTINGS,
    );
    const changed: MigrationRow[] = [];
    for (const environment of new Set(overtaken.map((row) => row.environment))) {
      const identities = overtaken
        .filter((row) => row.environment === environment)
        .map((row) => row.to_user_id);
      changed.push(...(await this.#judge(clickHouse, environment, new Set(identities), [])));
    }
    await this.#write(clickHouse, changed, version, {});
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

  /** Rows to write: every added one, and those of the others that get another verdict. */
  async #judge(
    clickHouse: ClickHouse,
    environment: number,
    identities: ReadonlySet<number>,
    added: readonly MigrationRow[],
  ): Promise<readonly MigrationRow[]> {
    const known = await clickHouse.query<MigrationRow>(
      affectedSql(this.#generation, environment, identities),
      QUERY_SETTINGS,
    );
    const byDevice = new Map(known.map((row) => [row.from_user_id, row]));
    for (const row of added) byDevice.set(row.from_user_id, row);
    const devices = new Set(byDevice.keys());
    if (devices.size === 0) return [];
    const canonical = new Set<number>(
      (
        await clickHouse.query<{ id: number }>(
          canonicalSql(this.#generation, environment, devices),
          QUERY_SETTINGS,
        )
      ).map(({ id }) => id),
    );
    for (const identity of identities) canonical.add(identity);
    const rows = [...byDevice.values()];
    const bindings = rows.map((row) => ({
      fromUserId: row.from_user_id,
      toUserId: row.to_user_id,
      boundAtMs: row.bound_at,
      source: row.source,
    }));
    const isNew = new Set(added);
    return countBindings(bindings, canonical).flatMap(({ counts, reason }, index) => {
      const row = rows[index]!;
      const judged = { ...row, counts: counts ? 1 : 0, reason };
      return isNew.has(row) || row.counts !== judged.counts || row.reason !== reason ? [judged] : [];
    });
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
