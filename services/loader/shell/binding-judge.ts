import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { IdentifyLimit } from '#lib/config/environments.ts';
import { limitWindowMs } from '../core/binding-limit.ts';
import { IdentityJudge, type NewVerdict } from '../core/identity-judge.ts';
import {
  bindingRowsSql,
  canonicalSql,
  countedSql,
  type JudgedRow,
  judgedAfterSql,
  judgedSinceSql,
  limitedSql,
  type MigrationRow,
  takeoversSql,
} from '../core/migration-sql.ts';
import { QUERY_SETTINGS } from './run-resolver-sql.ts';

/** Server bindings of each identity that are read at first: as a rule there are none after those that are new. */
const FIRST_ROWS = 100;
/** Server bindings of one identity that are read at a time where more are to be judged again. */
const NEXT_ROWS = 20_000;
/** Identities that are judged again at a time where the limit has changed. */
const IDENTITIES = 1000;

/** Takes rows that got another verdict, in parts, before the ones the judgement began with. */
export type WriteRows = (rows: readonly MigrationRow[]) => Promise<void>;

/**
 * Judges what changes where bindings come or their devices become canonical ids. It reads no more than can change:
 * nothing where a client bound, and of an identity that a server bound only what comes after the first of these, until
 * the limit is used as it was before.
 */
export class BindingJudge {
  readonly #generation: number;
  readonly #limitOf: (environment: number) => IdentifyLimit | null;
  readonly #firstRows: number;
  readonly #nextRows: number;

  /** `mostRead`: rows of an identity that are read at a time, where it is not to be the default. */
  constructor(options: {
    generation: number;
    limitOf: (environment: number) => IdentifyLimit | null;
    mostRead?: number | undefined;
  }) {
    this.#generation = options.generation;
    this.#firstRows = options.mostRead ?? FIRST_ROWS;
    this.#nextRows = options.mostRead ?? NEXT_ROWS;
    this.#limitOf = options.limitOf;
  }

  /**
   * Verdicts of new bindings of an environment and of those in the table that these make takeovers. Others that
   * change are given to `write`. `toEnd`: the table may hold part of what an earlier attempt wrote, so that all that
   * comes after is judged again.
   */
  async judge(
    clickHouse: ClickHouse,
    environment: number,
    added: readonly MigrationRow[],
    options: { toEnd: boolean; write: WriteRows },
  ): Promise<MigrationRow[]> {
    const identities = new Set(added.map((row) => row.to_user_id));
    const takeovers = await clickHouse.query<MigrationRow>(
      takeoversSql(this.#generation, environment, identities),
      QUERY_SETTINGS,
    );
    const changes = new Map([...takeovers, ...added].map((row) => [row.from_user_id, row]));
    const canonicalIds = await this.#canonicalOf(clickHouse, environment, new Set(changes.keys()));
    for (const identity of identities) canonicalIds.add(identity);
    return this.#judgeChanges(clickHouse, environment, [...changes.values()], canonicalIds, options);
  }

  /** Verdicts of bindings in the table whose devices have become canonical ids. */
  async judgeTakeovers(
    clickHouse: ClickHouse,
    environment: number,
    rows: readonly MigrationRow[],
    write: WriteRows,
  ): Promise<MigrationRow[]> {
    const canonicalIds = new Set(rows.map((row) => row.from_user_id));
    return this.#judgeChanges(clickHouse, environment, rows, canonicalIds, { toEnd: true, write });
  }

  /** Judges every identity of an environment again that its limit may concern. */
  async judgeAll(clickHouse: ClickHouse, environment: number, write: WriteRows): Promise<void> {
    const limit = this.#limitOf(environment);
    const concerned = await clickHouse.query<{ id: number }>(
      limitedSql(this.#generation, environment, limit?.userIds ?? null),
      QUERY_SETTINGS,
    );
    for (let at = 0; at < concerned.length; at += IDENTITIES) {
      const since = new Map(concerned.slice(at, at + IDENTITIES).map(({ id }) => [id, 0]));
      const judges = new Map(
        [...since.keys()].map((identity) => [
          identity,
          new IdentityJudge({ limit, counted: [], changes: [], canonicalIds: new Set() }),
        ]),
      );
      await this.#goThrough(clickHouse, environment, {
        since,
        judges,
        changes: new Map(),
        toEnd: true,
        write,
      });
    }
  }

  async #canonicalOf(
    clickHouse: ClickHouse,
    environment: number,
    devices: ReadonlySet<number>,
  ): Promise<Set<number>> {
    if (devices.size === 0) return new Set();
    const known = await clickHouse.query<{ id: number }>(
      canonicalSql(this.#generation, environment, devices),
      QUERY_SETTINGS,
    );
    return new Set(known.map(({ id }) => id));
  }

  async #judgeChanges(
    clickHouse: ClickHouse,
    environment: number,
    changes: readonly MigrationRow[],
    canonicalIds: ReadonlySet<number>,
    { toEnd, write }: { toEnd: boolean; write: WriteRows },
  ): Promise<MigrationRow[]> {
    const limit = this.#limitOf(environment);
    const isLimited = (row: MigrationRow) => limit !== null && row.source === 'server';
    const verdicts = changes
      .filter((row) => !isLimited(row))
      .map((row) => judged(row, canonicalIds.has(row.from_user_id) ? 'canonical_id' : ''));
    const limited = Map.groupBy(changes.filter(isLimited), (row) => row.to_user_id);
    if (limit === null || limited.size === 0) return verdicts;
    const since = new Map(
      [...limited].map(([identity, rows]) => [identity, rows.reduce(earliest, Number.POSITIVE_INFINITY)]),
    );
    const window = { userIds: limit.userIds, windowMs: limitWindowMs(limit) };
    const counted = await clickHouse.query<{ to_user_id: number; times: number[] }>(
      countedSql(this.#generation, environment, since, window),
      QUERY_SETTINGS,
    );
    const times = new Map(counted.map((row) => [row.to_user_id, row.times]));
    const judges = new Map(
      [...limited].map(([identity, rows]) => [
        identity,
        new IdentityJudge({
          limit,
          counted: (times.get(identity) ?? []).toSorted((a, b) => a - b),
          changes: rows.map(bindingOf),
          canonicalIds,
        }),
      ]),
    );
    const rows = new Map([...limited.values()].flat().map((row) => [row.from_user_id, row]));
    const own = await this.#goThrough(clickHouse, environment, {
      since,
      judges,
      changes: rows,
      toEnd,
      write,
    });
    return verdicts.concat(own);
  }

  /** Verdicts of the changes; others that change are written on the way. */
  async #goThrough(
    clickHouse: ClickHouse,
    environment: number,
    work: {
      since: ReadonlyMap<number, number>;
      judges: ReadonlyMap<number, IdentityJudge>;
      changes: ReadonlyMap<number, MigrationRow>;
      toEnd: boolean;
      write: WriteRows;
    },
  ): Promise<MigrationRow[]> {
    const { since, judges, changes, toEnd, write } = work;
    const generation = this.#generation;
    const read = (sql: string) => clickHouse.query<JudgedRow>(sql, QUERY_SETTINGS);
    const verdicts: MigrationRow[] = [];
    const take = async (
      identity: number,
      judge: IdentityJudge,
      page: readonly JudgedRow[],
      isLast: boolean,
    ) => {
      const others: NewVerdict[] = [];
      for (const verdict of judge.take(page.map(toJudged), isLast)) {
        const row = changes.get(verdict.binding.fromUserId);
        if (row === undefined) others.push(verdict);
        else verdicts.push(judged(row, verdict.reason));
      }
      if (others.length === 0) return;
      const reasons = new Map(others.map(({ binding, reason }) => [binding.fromUserId, reason]));
      const rows = await clickHouse.query<MigrationRow>(
        bindingRowsSql(generation, environment, identity, [...reasons.keys()]),
        QUERY_SETTINGS,
      );
      await write(rows.map((row) => judged(row, reasons.get(row.from_user_id) ?? '')));
    };

    const first = Map.groupBy(
      await read(judgedSinceSql(generation, environment, since, this.#firstRows)),
      (row) => row.to_user_id,
    );
    for (const [identity, judge] of judges) {
      let page: readonly JudgedRow[] = first.get(identity) ?? [];
      let most = this.#firstRows;
      await take(identity, judge, page, page.length < most);
      while (page.length === most && (toEnd || !judge.isSettled)) {
        most = this.#nextRows;
        page = await read(judgedAfterSql(generation, environment, page.at(-1) as JudgedRow, most));
        await take(identity, judge, page, page.length < most);
      }
    }
    return verdicts;
  }
}

const judged = (row: MigrationRow, reason: string): MigrationRow => ({
  ...row,
  counts: reason === '' ? 1 : 0,
  reason,
});

const earliest = (time: number, row: MigrationRow) => Math.min(time, row.bound_at);

const bindingOf = ({ from_user_id, to_user_id, bound_at, source }: MigrationRow) => ({
  fromUserId: from_user_id,
  toUserId: to_user_id,
  boundAtMs: bound_at,
  source,
});

const toJudged = ({ from_user_id, to_user_id, at, reason }: JudgedRow) => ({
  fromUserId: from_user_id,
  toUserId: to_user_id,
  boundAtMs: at,
  source: 'server',
  reason,
});
