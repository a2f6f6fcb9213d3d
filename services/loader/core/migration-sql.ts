import { timeText } from './sql-text.ts';

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

/**
 * Bindings whose verdict can change when identities get bindings: all of those identities, and all of the
 * identities that have one of them, as a canonical id, among their devices.
 */
export function affectedSql(
  generation: number,
  environment: number,
  identities: ReadonlySet<number>,
): string {
  const own = `generation = ${generation} AND environment = ${environment}`;
  return `SELECT ${COLUMNS} FROM cairn.user_migrations FINAL WHERE ${own} AND (to_user_id IN ${list(identities)}
OR to_user_id IN (SELECT to_user_id FROM cairn.user_migrations WHERE ${own} AND from_user_id IN ${list(identities)}))`;
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

/**
 * Identities with a binding that counts although its device has become known as the canonical id of an identity
 * since. Older versions of a row may answer too: FINAL would cost seconds at millions of bindings, and judging an
 * identity once more changes nothing.
 */
export function overtakenSql(generation: number): string {
  return `SELECT DISTINCT environment, to_user_id FROM cairn.user_migrations
WHERE generation = ${generation} AND counts = 1 AND (environment, from_user_id) IN
  (SELECT environment, device_id FROM cairn.devices WHERE generation = ${generation} AND identity != '')`;
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
