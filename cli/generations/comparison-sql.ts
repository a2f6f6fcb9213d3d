import { columnsOf, STORED_TABLES, type StoredTable } from '../../services/loader/core/columns.ts';
import { ofGeneration, resolvedSessionId, resolvedUserId } from '../../services/loader/core/resolver-sql.ts';

/** A device or user of an environment. */
export type Person = { readonly environment: number; readonly id: number };

/** What two generations are compared over. */
export type ComparisonScope = {
  /** The live generation and the new one. */
  readonly generations: readonly [live: number, next: number];
  /** By partition of the log: the offset before which records are compared, and the largest receive time before it. */
  readonly cuts: readonly { readonly offset: bigint; readonly streamTimeMs: number }[];
  /** Identities that are blocked in one of the two and not in the other. */
  readonly blocked: readonly Person[];
};

export const COMPARED_TABLES = [
  'events',
  'sessions',
  'user_migrations',
  'user_properties',
  'account_properties',
] as const;
export type ComparedTable = (typeof COMPARED_TABLES)[number];

/** Columns that say where a row was read from, which generations do not share. */
const OWN_TO_A_GENERATION = ['generation', '_partition', '_offset'];

const list = (values: readonly (string | number | bigint)[]) => `[${values.join(', ')}]`;
const before = ({ cuts }: ComparisonScope) =>
  `t.origin_offset < ${list(cuts.map(({ offset }) => offset))}[t.origin_partition + 1]`;
const both = ({ generations }: ComparisonScope) => `generation IN (${generations.join(', ')})`;

/** Devices that were bound after the cut: one generation may know of it before the other does. */
const boundSince = (scope: ComparisonScope) =>
  `(SELECT environment, from_user_id FROM cairn.user_migrations AS t WHERE ${both(scope)} AND NOT (${before(scope)}))`;

/** Identities that got a binding after the cut. */
const identitiesBoundSince = (scope: ComparisonScope) =>
  `(SELECT environment, to_user_id FROM cairn.user_migrations AS t WHERE ${both(scope)} AND NOT (${before(scope)}))`;

/** Sessions that changed after the cut. */
const sessionsSince = (scope: ComparisonScope) => {
  const times = list(scope.cuts.map(({ streamTimeMs }) => streamTimeMs));
  return `(SELECT environment, device_id, session_id FROM cairn.sessions
  WHERE ${both(scope)} AND toUnixTimestamp64Milli(updated_at) > ${times}[\`_partition\` + 1])`;
};

/** Devices and users that blocks concern: of a blocked identity, and of any identity its devices went to instead. */
export function concernedSql(scope: ComparisonScope): string {
  const blocked = `(${scope.blocked.map(({ environment, id }) => `(${environment}, ${id})`).join(', ')})`;
  const rows = `FROM cairn.user_migrations WHERE ${both(scope)}`;
  const devices = `SELECT environment, from_user_id ${rows} AND (environment, to_user_id) IN (${blocked})`;
  const identities = `SELECT environment, to_user_id ${rows} AND ((environment, to_user_id) IN (${blocked})
  OR (environment, from_user_id) IN (${blocked}) OR (environment, from_user_id) IN (${devices}))`;
  return `SELECT environment, from_user_id AS id ${rows} AND (environment, to_user_id) IN (${identities})
UNION DISTINCT SELECT environment, to_user_id AS id ${rows} AND (environment, to_user_id) IN (${identities})
UNION DISTINCT SELECT tupleElement(pair, 1)::UInt16 AS environment, tupleElement(pair, 2)::UInt64 AS id
FROM (SELECT arrayJoin([${blocked.slice(1, -1)}]) AS pair)`;
}

const notConcerned = (scope: ComparisonScope, id: string) =>
  scope.blocked.length === 0 ? '' : ` AND (t.environment, t.${id}) NOT IN (${concernedSql(scope)})`;

/**
 * Rows of a generation as `environment, key, hash`: the hash is over everything that readers may see, ids resolved
 * as they see them. What may have moved since the cut counts as 0 on both sides, so it is never a difference.
 */
function hashedRows(table: ComparedTable, generation: number, scope: ComparisonScope): string {
  if (table === 'user_migrations') {
    return `SELECT t.environment AS environment, concat('device ', toString(t.from_user_id), ' of ', t.identity) AS key,
  cityHash64(t.from_user_id, t.to_user_id, t.identity, t.bound_at, t.time, t.source, t.event_id, t.origin_partition,
    t.origin_offset, t.counts, t.reason) AS hash
FROM cairn.user_migrations AS t FINAL WHERE t.generation = ${generation} AND ${before(scope)}
AND (t.environment, t.to_user_id) NOT IN ${identitiesBoundSince(scope)}${notConcerned(scope, 'from_user_id')}`;
  }
  const stored = STORED_TABLES[table];
  const user = `if((t.environment, t.device_id) IN ${boundSince(scope)}, 0, ${resolvedUserId('t', 'device_id', ofGeneration(generation))})`;
  if (table === 'sessions') {
    return `SELECT t.environment AS environment,
  concat('session ', toString(t.session_id), ' of device ', toString(t.device_id)) AS key,
  cityHash64(${[...ownColumns(stored, ['user_id', 'origin_partition', 'origin_offset']), user].join(', ')}) AS hash
FROM cairn.sessions AS t FINAL WHERE t.generation = ${generation}
AND (t.environment, t.device_id, t.session_id) NOT IN ${sessionsSince(scope)}${notConcerned(scope, 'device_id')}`;
  }
  const session = `if((t.environment, t.device_id, t.session_id) IN ${sessionsSince(scope)}, 0, ${resolvedSessionId('t', ofGeneration(generation))})`;
  const resolved = table === 'events' ? [user, session] : table === 'user_properties' ? [user] : [];
  return `SELECT t.environment AS environment,
  concat('event ', toString(t.event_id), ' of device ', toString(t.device_id)) AS key,
  cityHash64(${[...ownColumns(stored, ['user_id', 'session_id']), ...resolved].join(', ')}) AS hash
FROM cairn.${table} AS t WHERE t.generation = ${generation} AND ${before(scope)}${notConcerned(scope, 'device_id')}`;
}

function ownColumns(table: StoredTable, except: readonly string[]): string[] {
  return columnsOf(table)
    .filter(({ name }) => !OWN_TO_A_GENERATION.includes(name) && !except.includes(name))
    .map(({ name }) => (name === 'properties' ? 'toJSONString(t.properties)' : `t.${name}`));
}

export type ChecksumRow = { readonly environment: number; readonly rows: number; readonly checksum: string };

/** Number and checksum of a generation's rows, by environment; the order of rows does not matter. */
export function checksumSql(table: ComparedTable, generation: number, scope: ComparisonScope): string {
  return `SELECT environment, count() AS rows, toString(sum(hash)) AS checksum
FROM (${hashedRows(table, generation, scope)}) GROUP BY environment ORDER BY environment`;
}

/** Keys of some rows that only one of the two generations has, or has otherwise. */
export function differingKeysSql(table: ComparedTable, environment: number, scope: ComparisonScope): string {
  const sides = scope.generations.map(
    (generation, side) =>
      `SELECT key, hash, ${side} AS side FROM (${hashedRows(table, generation, scope)}) WHERE environment = ${environment}`,
  );
  return `SELECT key FROM (${sides.join('\nUNION ALL\n')}) GROUP BY key
HAVING countIf(side = 0) != countIf(side = 1) OR sumIf(hash, side = 0) != sumIf(hash, side = 1) ORDER BY key LIMIT 5`;
}
