import { isDeepStrictEqual } from 'node:util';
import { type ClickHouse, ClickHouseError } from '#lib/clickhouse/client.ts';
import { identifier } from '#lib/clickhouse/sql-text.ts';
import type { Environment } from '#lib/config/environments.ts';
import type { Logger } from '#lib/service/logger.ts';
import { PAGEVIEWS_TABLE, RESERVED_TABLES } from '#schemas/names.ts';
import { accountEventsViewSql } from '../core/account-events-view.ts';
import { accountsViewSql } from '../core/accounts-view.ts';
import { eventViewSql, fixedViewsSql, resolvedEventsSql } from '../core/event-views.ts';
import { jointSessionsSql } from '../core/joint-sessions-view.ts';
import { type NameRegistry, type NameRow, type NewName, namesOf, type Scope } from '../core/name-registry.ts';
import { firstTyped } from '../core/property-columns.ts';
import { dictionariesOf, type Reader } from '../core/resolver-sql.ts';
import { resolvedSessionsSql, sessionsViewSql } from '../core/sessions-view.ts';
import { firstLiveSql, STORAGE_SQL } from '../core/storage-sql.ts';
import { syncViewsSql } from '../core/sync-views.ts';
import { timeText } from '../core/time-text.ts';
import { usersViewSql } from '../core/users-view.ts';
import { keepDictionaries } from './dictionary-keeper.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import { prepareUpgrade, upgradeStorage } from './upgrade-storage.ts';

/** A view of a thousand columns is longer than the server's default limit for a statement. */
const DDL_SETTINGS = { max_query_size: 64 * 1024 * 1024 };

export type ViewKeeperOptions = {
  readonly generation: number;
  readonly environments: readonly Environment[];
  readonly names: NameRegistry;
  /** What dictionaries log in with; undefined = the server's default user. */
  readonly reader: Reader | undefined;
  readonly log: Logger;
  readonly metrics: LoaderMetrics;
};

/**
 * Creates what is missing in ClickHouse and keeps the views of each environment equal to the names registry.
 * Several loaders do so at once: each reads the registry again after it has written a view, and is done only
 * when nothing was added meanwhile, so the last view written holds every name.
 */
export class ViewKeeper {
  readonly #options: ViewKeeperOptions;
  /** Text of each view as this loader wrote it. */
  readonly #written = new Map<string, string>();
  /** Names of the registry without a view or column, by number of their environment. */
  readonly #leftOut = new Map<number, number>();
  /** One flush of names after the other: two at once would both write the same views. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ViewKeeperOptions) {
    this.#options = options;
  }

  /** Tables, dictionaries and all views, also of names that earlier loaders met. */
  async start(clickHouse: ClickHouse): Promise<void> {
    const { generation, environments, reader, names } = this.#options;
    await prepareUpgrade(clickHouse);
    for (const sql of [...STORAGE_SQL, firstLiveSql(generation)]) await clickHouse.command(sql, DDL_SETTINGS);
    await upgradeStorage(clickHouse);
    // A view is checked when it is created without running its subqueries: the live generation is 0 then.
    await keepDictionaries(clickHouse, [...dictionariesOf(0, reader), ...dictionariesOf(generation, reader)]);
    for (const sql of [resolvedEventsSql(), resolvedSessionsSql()])
      await clickHouse.command(sql, DDL_SETTINGS);
    for (const environment of environments) {
      await clickHouse.command(`CREATE DATABASE IF NOT EXISTS ${identifier(environment.name)}`);
      for (const sql of [
        sessionsViewSql(environment),
        ...fixedViewsSql(environment),
        ...jointSessionsSql(environment),
        ...syncViewsSql(environment),
      ])
        await clickHouse.command(sql, DDL_SETTINGS);
    }
    const rows = await readNames(clickHouse);
    names.load(rows);
    await this.#writeViews(clickHouse, rows);
  }

  /** Registers names that were met since the last call and brings the views up to date. */
  flushNames(clickHouse: ClickHouse): Promise<void> {
    const flush = this.#last.then(() => this.#flush(clickHouse));
    this.#last = flush.catch(() => undefined);
    return flush;
  }

  async #flush(clickHouse: ClickHouse): Promise<void> {
    const { names } = this.#options;
    this.#tellOfLosers();
    const queued = names.takeQueued();
    if (queued.length === 0) return;
    try {
      await clickHouse.insert(
        'INSERT INTO cairn.names FORMAT JSONEachRow',
        Buffer.from(nameLines(queued, Date.now())),
        { async_insert: 0, input_format_try_infer_dates: 0 },
      );
      await this.#writeViews(clickHouse, await readNames(clickHouse));
    } catch (error) {
      names.requeue(queued);
      throw error;
    }
  }

  /** Once for each table: which names it loses from then on is not known, as that is what there is no room for. */
  #tellOfLosers(): void {
    const { names, environments, log, metrics } = this.#options;
    for (const { environment: number, scope, tableName: table } of names.takeLosers()) {
      const environment = environments.find((one) => one.number === number)?.name ?? String(number);
      metrics.namesLeftOut.labels(environment).set(names.losersOf(number) + (this.#leftOut.get(number) ?? 0));
      log.warn(
        { environment, scope, table },
        'too many event or property names: new ones of this table have no view or column and stay in all_events',
      );
    }
  }

  async #writeViews(clickHouse: ClickHouse, registry: readonly NameRow[]): Promise<void> {
    for (let rows = registry; ; ) {
      for (const environment of this.#options.environments) {
        for (const [view, sql] of this.#viewsOf(environment, rows)) {
          if (this.#written.get(view) === sql) continue;
          await this.#write(clickHouse, view, sql);
          this.#written.set(view, sql);
        }
      }
      const after = await readNames(clickHouse);
      if (isDeepStrictEqual(after, rows)) return;
      rows = after;
    }
  }

  /** A view that ClickHouse refuses stays as it was: no name that a client sends may stop the loading of rows. */
  async #write(clickHouse: ClickHouse, view: string, sql: string): Promise<void> {
    try {
      await clickHouse.command(sql, DDL_SETTINGS);
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      this.#options.metrics.viewsRefused.inc();
      this.#options.log.error(
        { view, err: error },
        'ClickHouse refuses a view: its newest columns are missing',
      );
    }
  }

  #viewsOf(environment: Environment, rows: readonly NameRow[]): readonly (readonly [string, string])[] {
    const { log, metrics } = this.#options;
    const names = namesOf(rows, environment.number);
    const known = metrics.namesLeftOut.labels(environment.name);
    this.#leftOut.set(environment.number, names.leftOut);
    known.set(names.leftOut + this.#options.names.losersOf(environment.number));
    if (names.leftOut > 0) {
      log.warn(
        { environment: environment.name, names: names.leftOut },
        'too many event or property names: some have no view or column and stay in all_events',
      );
    }
    // Rows of before a name was reserved stay in all_events.
    const free = names.eventTables.filter((table) => !RESERVED_TABLES.has(table));
    const tables = new Set([PAGEVIEWS_TABLE, ...free]);
    const events = [...tables].map(
      (table) =>
        [
          `${environment.name}.${table}`,
          eventViewSql(environment, table, names.eventProperties.get(table) ?? []),
        ] as const,
    );
    const accounts = {
      idProperty: environment.options.accountIdProperty,
      properties: names.accountProperties,
    };
    return [
      [`${environment.name}.users`, usersViewSql(environment, names.userProperties, accounts)],
      // After that of users, which they read.
      [`${environment.name}.accounts`, accountsViewSql(environment, accounts)],
      [
        `${environment.name}.account_events`,
        accountEventsViewSql(environment, names.userProperties, accounts),
      ],
      ...events,
    ];
  }
}

/** Lines of the registry table. Types that a name has from the start are registered as one set: it is text then. */
function nameLines(names: readonly NewName[], nowMs: number): string {
  const keyOf = ({ environment, scope, tableName, name }: NewName) =>
    `${environment}\0${scope}\0${tableName}\0${name}`;
  const types = new Map<string, number>();
  for (const name of names) types.set(keyOf(name), (types.get(keyOf(name)) ?? 0) | name.types);
  return names
    .map((name) =>
      JSON.stringify({
        environment: name.environment,
        scope: name.scope,
        table_name: name.tableName,
        name: name.name,
        types: name.types,
        first_seen: timeText(name.firstSeenMs),
        // The order of registrations, not of records: a type that was shown stays, whatever older record comes late.
        first_typed: firstTyped(nowMs, types.get(keyOf(name)) ?? 0),
      }),
    )
    .join('\n');
}

async function readNames(clickHouse: ClickHouse): Promise<readonly NameRow[]> {
  const rows = await clickHouse.query<{
    environment: number;
    scope: Scope;
    table_name: string;
    name: string;
    types: number;
    first_seen_ms: string;
    first_typed: string;
  }>(`SELECT environment, scope, table_name, name, groupBitOr(types) AS types, toString(min(first_typed)) AS first_typed,
  toString(toUnixTimestamp64Milli(min(first_seen))) AS first_seen_ms
FROM cairn.names GROUP BY environment, scope, table_name, name ORDER BY environment, scope, table_name, name`);
  return rows.map(({ environment, scope, table_name, name, types, first_seen_ms, first_typed }) => ({
    environment,
    scope,
    tableName: table_name,
    name,
    types,
    firstSeenMs: Number(first_seen_ms),
    firstTyped: Number(first_typed),
  }));
}
