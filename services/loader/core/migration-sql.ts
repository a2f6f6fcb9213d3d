import { literal } from '#lib/clickhouse/sql-text.ts';
import { timeText } from './time-text.ts';

/** Queries of the identity resolver over `cairn.user_migrations`. Ids are numbers, safe to write into SQL. */

const list = (ids: Iterable<number>) => `(${[...ids].join(',')})`;

const COLUMNS = `environment, from_user_id, to_user_id, identity, toUnixTimestamp64Milli(bound_at) AS bound_at,
  toUnixTimestamp64Milli(time) AS time, source, event_id, origin_partition, origin_offset, counts, reason,
  \`_partition\` AS partition, \`_offset\` AS offset`;

/** A row of `user_migrations` without generation and version. Times are epoch ms UTC. */
export type MigrationRow = {
  readonly environment: number;
  readonly from_user_id: number;
  readonly to_user_id: number;
  readonly identity: string;
  readonly bound_at: number;
  readonly time: number;
  readonly source: string;
  readonly event_id: number;
  readonly origin_partition: number;
  readonly origin_offset: number;
  readonly counts: number;
  readonly reason: string;
  readonly partition: number;
  readonly offset: number;
};

const ownOf = (generation: number, environment: number) =>
  `generation = ${generation} AND environment = ${environment}`;

/** Bindings of an environment whose devices are ids of identities, and that were not judged so yet. */
export function takeoversSql(
  generation: number,
  environment: number,
  identities: ReadonlySet<number>,
): string {
  return `SELECT * FROM (SELECT ${COLUMNS} FROM cairn.user_migrations
WHERE ${ownOf(generation, environment)} AND from_user_id IN ${list(identities)}
ORDER BY version DESC LIMIT 1 BY from_user_id) WHERE reason != 'canonical_id'`;
}

/** An identity and a time, epoch ms UTC. */
export type Since = ReadonlyMap<number, number>;

/** The time of the row's identity, in a query over the rows of some. */
const sinceOf = (since: Since) =>
  `fromUnixTimestamp64Milli(transform(to_user_id, [${[...since.keys()]}]::Array(UInt64), [${[...since.values()]}]::Array(Int64), 0::Int64))`;

const serverBindings = (generation: number, environment: number, since: Since) =>
  `FROM cairn.user_migrations WHERE ${ownOf(generation, environment)} AND to_user_id IN ${list(since.keys())}
AND source = 'server'`;

/** Times at which the last server bindings before a time were bound that count, oldest first, for each identity. */
export function countedSql(
  generation: number,
  environment: number,
  since: Since,
  limit: { readonly userIds: number; readonly windowMs: number },
): string {
  // Whatever counted once is looked at again, in its newest version: few rows, of an identity that may have a million.
  const rows = `${serverBindings(generation, environment, since)}
AND bound_at < ${sinceOf(since)} AND bound_at > ${sinceOf(since)} - toIntervalMillisecond(${limit.windowMs})`;
  return `SELECT to_user_id, groupArray(at) AS times FROM (
SELECT to_user_id, from_user_id, argMax(counts, version) AS now, toUnixTimestamp64Milli(any(bound_at)) AS at ${rows}
  AND (to_user_id, from_user_id) IN (SELECT to_user_id, from_user_id ${rows} AND counts = 1)
GROUP BY to_user_id, from_user_id HAVING now = 1
ORDER BY to_user_id, at DESC, from_user_id DESC LIMIT ${limit.userIds} BY to_user_id)
GROUP BY to_user_id`;
}

/** A server binding as it is judged again. */
export type JudgedRow = {
  readonly to_user_id: number;
  readonly from_user_id: number;
  readonly at: number;
  readonly reason: string;
};

/** The first server bindings of each identity from a time on, at most `most` of each, in order. */
export function judgedSinceSql(generation: number, environment: number, since: Since, most: number): string {
  return judgedSql(
    `${serverBindings(generation, environment, since)} AND bound_at >= ${sinceOf(since)}`,
    most,
  );
}

/** The next server bindings of one identity after one of them, in order. */
export function judgedAfterSql(
  generation: number,
  environment: number,
  { to_user_id, from_user_id, at }: Omit<JudgedRow, 'reason'>,
  most: number,
): string {
  const since = new Map([[to_user_id, at]]);
  return judgedSql(
    `${serverBindings(generation, environment, since)}
AND (bound_at, from_user_id) > (fromUnixTimestamp64Milli(${at}), ${from_user_id})`,
    most,
  );
}

const judgedSql = (rows: string, most: number) =>
  `SELECT to_user_id, from_user_id, toUnixTimestamp64Milli(bound_at) AS at, reason FROM (
SELECT to_user_id, from_user_id, bound_at, reason, version ${rows}
ORDER BY to_user_id, bound_at, from_user_id, version DESC LIMIT 1 BY to_user_id, from_user_id)
ORDER BY to_user_id, bound_at, from_user_id LIMIT ${most} BY to_user_id`;

/** Whole rows of some bindings of an identity, in their newest version. */
export function bindingRowsSql(
  generation: number,
  environment: number,
  identity: number,
  devices: readonly number[],
): string {
  return `SELECT ${COLUMNS} FROM cairn.user_migrations
WHERE ${ownOf(generation, environment)} AND to_user_id = ${identity} AND from_user_id IN ${list(devices)}
ORDER BY version DESC LIMIT 1 BY from_user_id`;
}

/**
 * Identities that another limit may judge otherwise: those with a binding that was over the one before, and those
 * with more server bindings than the new one allows; null = any number.
 */
export function limitedSql(generation: number, environment: number, userIds: number | null): string {
  const isOver = userIds === null ? '' : ` OR uniqExact(from_user_id) > ${userIds}`;
  return `SELECT to_user_id AS id FROM cairn.user_migrations
WHERE ${ownOf(generation, environment)} AND source = 'server'
GROUP BY to_user_id HAVING countIf(startsWith(reason, 'limit_of_')) > 0${isOver}`;
}

/** Which of some ids are the canonical id of a known identity: of a binding's, or of one a record named alone. */
export function canonicalSql(generation: number, environment: number, ids: ReadonlySet<number>): string {
  const own = `generation = ${generation} AND environment = ${environment}`;
  return `SELECT DISTINCT to_user_id AS id FROM cairn.user_migrations WHERE ${own} AND to_user_id IN ${list(ids)}
UNION DISTINCT
SELECT DISTINCT device_id AS id FROM cairn.devices WHERE ${own} AND device_id IN ${list(ids)} AND identity != ''`;
}

/** Largest version of any verdict of a generation, and of what its large dictionary holds; 0 = none. */
export function newestVersionSql(generation: number): string {
  return `SELECT max(version) AS version FROM (
SELECT max(version) AS version FROM cairn.user_migrations WHERE generation = ${generation}
UNION ALL SELECT max(version) AS version FROM cairn.identity_base WHERE generation = ${generation})`;
}

/** Now, by the server's clock, as text. */
export const NOW_SQL = "SELECT toString(now64(3, 'UTC')) AS now";

/**
 * Devices of bindings that have become known as the canonical id of an identity, noted since a margin before a time of
 * the server's clock, or ever. Older versions of a row answer too, and a binding that is judged already may be among them.
 */
export function overtakenSql(generation: number, since: string | undefined, marginSeconds: number): string {
  const recent =
    since === undefined
      ? ''
      : ` AND noted_at >= toDateTime64(${literal(since)}, 3, 'UTC') - toIntervalSecond(${marginSeconds})`;
  return `SELECT DISTINCT environment, from_user_id FROM cairn.user_migrations
WHERE generation = ${generation} AND reason != 'canonical_id' AND (environment, from_user_id) IN
  (SELECT environment, device_id FROM cairn.devices WHERE generation = ${generation} AND identity != ''${recent})`;
}

/** One JSONEachRow line. */
export function migrationLine(row: MigrationRow, generation: number, version: number): string {
  const { partition, offset, bound_at, time, ...same } = row;
  return JSON.stringify({
    ...same,
    bound_at: timeText(bound_at),
    time: timeText(time),
    generation,
    version,
    _partition: partition,
    _offset: offset,
  });
}
