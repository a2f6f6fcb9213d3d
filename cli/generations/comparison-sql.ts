import { columnsOf, STORED_TABLES, type StoredTable } from '../../services/loader/core/columns.ts';
import {
  type DictionaryChoice,
  ofGeneration,
  resolvedSessionId,
  resolvedUserId,
} from '../../services/loader/core/resolver-sql.ts';

/** A device or user of an environment. */
export type Person = { readonly environment: number; readonly id: number };

/** What two generations are compared over. */
export type ComparisonScope = {
  /** The live generation and the new one. */
  readonly generations: readonly [live: number, next: number];
  /**
   * Records that are compared: those before an offset, by partition of the log, with the largest receive time before it;
   * or, where the two do not read the same revision of the log, those received before a time.
   */
  readonly cuts:
    | readonly { readonly offset: bigint; readonly streamTimeMs: number }[]
    | { readonly receivedBeforeMs: number };
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
const before = ({ cuts }: ComparisonScope, receivedAt: 'received_at' | 'bound_at') =>
  'receivedBeforeMs' in cuts
    ? `t.${receivedAt} < fromUnixTimestamp64Milli(${cuts.receivedBeforeMs})`
    : `t.origin_offset < ${list(cuts.map(({ offset }) => offset))}[t.origin_partition + 1]`;
/** Where in the log a row came from, which two revisions of it do not share. */
const ORIGIN = ['origin_partition', 'origin_offset'];
const both = ({ generations }: ComparisonScope) => `generation IN (${generations.join(', ')})`;

/**
 * Devices and users that may have moved since the cut: bound, of an identity that got a binding, or with a session that
 * changed. To be asked after the comparison: whatever it has seen lies in the tables by then.
 */
export function movedSql(scope: ComparisonScope): string {
  const since = `FROM cairn.user_migrations AS t WHERE ${both(scope)} AND NOT (${before(scope, 'bound_at')})`;
  const identities = `(SELECT environment, to_user_id ${since})`;
  const { cuts } = scope;
  const time =
    'receivedBeforeMs' in cuts
      ? String(cuts.receivedBeforeMs - 1)
      : `${list(cuts.map(({ streamTimeMs }) => streamTimeMs))}[\`_partition\` + 1]`;
  return `SELECT environment, from_user_id AS id FROM cairn.user_migrations
WHERE ${both(scope)} AND (environment, to_user_id) IN ${identities}
UNION DISTINCT SELECT environment, to_user_id AS id ${since}
UNION DISTINCT SELECT environment, device_id AS id FROM cairn.sessions
WHERE ${both(scope)} AND toUnixTimestamp64Milli(updated_at) > ${time}`;
}

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
 * Rows of a generation as `environment, device, key, hash`: the hash is over everything that readers may see, ids
 * resolved as they see them.
 */
function hashedRows(table: ComparedTable, generation: number, scope: ComparisonScope): string {
  const notShared = 'receivedBeforeMs' in scope.cuts ? ORIGIN : [];
  if (table === 'user_migrations') {
    const origin = ORIGIN.filter((name) => !notShared.includes(name)).map((name) => `t.${name}, `);
    return `SELECT t.environment AS environment, t.from_user_id AS device,
  concat('device ', toString(t.from_user_id), ' of ', t.identity) AS key,
  cityHash64(t.from_user_id, t.to_user_id, t.identity, t.bound_at, t.time, t.source, t.event_id, ${origin.join('')}t.counts,
    t.reason) AS hash
FROM cairn.user_migrations AS t FINAL
WHERE t.generation = ${generation} AND ${before(scope, 'bound_at')}${notConcerned(scope, 'from_user_id')}`;
  }
  const stored = STORED_TABLES[table];
  const choice = ofGeneration(generation);
  const user = resolvedUserId('t', 'device_id', choice);
  if (table === 'sessions') {
    return `SELECT t.environment AS environment, t.device_id AS device,
  concat('session ', toString(t.session_id), ' of device ', toString(t.device_id)) AS key,
  cityHash64(t.session_id, t.first, t.ended_at, t.event_count, t.pageview_count, t.gap, t.late, t.described, ${user}) AS hash
FROM (${wholeSessions(generation, choice)}) AS t WHERE 1${notConcerned(scope, 'device_id')}`;
  }
  const resolved = {
    events: [user, resolvedSessionId('t', choice)],
    user_properties: [user],
    account_properties: [],
  }[table];
  return `SELECT t.environment AS environment, t.device_id AS device,
  concat('event ', toString(t.event_id), ' of device ', toString(t.device_id)) AS key,
  cityHash64(${[...ownColumns(stored, ['user_id', 'session_id', ...notShared]), ...resolved].join(', ')}) AS hash
FROM cairn.${table} AS t
WHERE t.generation = ${generation} AND ${before(scope, 'received_at')}${notConcerned(scope, 'device_id')}`;
}

/** How two generations may have taken a session apart: by stream time, which another number of partitions changes. */
const OF_PARTS = [
  ...['environment', 'device_id', 'session_id', 'user_id', 'merged_into', 'absorbed', 'absorbed_opened_at'],
  ...['opened_at', 'updated_at', 'extended_at', 'gap', 'late', 'event_id', 'started_at', 'ended_at'],
  ...['event_count', 'pageview_count', ...ORIGIN],
];

/** Sessions as readers see them, whatever parts they have: sums, and what the first pageview or else event says. */
function wholeSessions(generation: number, choice: DictionaryChoice): string {
  const described = ownColumns(STORED_TABLES.sessions, OF_PARTS);
  return `SELECT t.environment AS environment, t.device_id AS device_id, t.resolved AS session_id,
  min((t.started_at, t.event_id)) AS first, max(t.ended_at) AS ended_at, sum(t.event_count) AS event_count,
  sum(t.pageview_count) AS pageview_count, any(t.gap) AS gap, argMin(t.late, (t.opened_at, t.session_id)) AS late,
  argMin((${described.join(', ')}), if(t.pageview_count > 0, (0, toUnixTimestamp64Milli(t.first_pageview_at), t.first_pageview_event_id),
    (1, toUnixTimestamp64Milli(t.started_at), t.event_id))) AS described
FROM (SELECT p.*, ${resolvedSessionId('p', choice)} AS resolved FROM cairn.sessions AS p FINAL
WHERE p.generation = ${generation} AND p.merged_into = 0) AS t GROUP BY t.environment, t.device_id, t.resolved`;
}

function ownColumns(table: StoredTable, except: readonly string[]): string[] {
  return columnsOf(table)
    .filter(({ name }) => !OWN_TO_A_GENERATION.includes(name) && !except.includes(name))
    .map(({ name }) => (name === 'properties' ? 'toJSONString(t.properties)' : `t.${name}`));
}

const bothSides = (table: ComparedTable, scope: ComparisonScope, columns: string) =>
  scope.generations
    .map(
      (generation, side) =>
        `SELECT ${columns}, ${side} AS side FROM (${hashedRows(table, generation, scope)})`,
    )
    .join('\nUNION ALL\n');

/** Most devices that are listed; where more differ, no traffic explains it. */
const MOST_LISTED = 100_000;

/** Rows of a device on both sides: numbers, and sums of hashes as text. */
export type DeviceRows = readonly [
  device: number,
  live: number,
  next: number,
  liveSum: string,
  nextSum: string,
];

export type TableRow = {
  readonly environment: number;
  /** Rows and sum of hashes of the devices that are alike on both sides. */
  readonly alikeRows: number;
  readonly alikeSum: string;
  readonly differing: number;
  /** Devices that differ, at most MOST_LISTED. */
  readonly devices: readonly DeviceRows[];
};

/** Compares the rows of two generations device by device; the order of rows does not matter. One row an environment. */
export function compareSql(table: ComparedTable, scope: ComparisonScope): string {
  return `SELECT environment, sumIf(n0, alike) AS alikeRows, toString(sumIf(s0, alike)) AS alikeSum, countIf(NOT alike) AS differing,
  groupArrayIf(${MOST_LISTED})((device, n0, n1, toString(s0), toString(s1)), NOT alike) AS devices
FROM (
  SELECT environment, device, countIf(side = 0) AS n0, countIf(side = 1) AS n1, sumIf(hash, side = 0) AS s0,
    sumIf(hash, side = 1) AS s1, n0 = n1 AND s0 = s1 AS alike
  FROM (${bothSides(table, scope, 'environment, device, hash')}) GROUP BY environment, device
) GROUP BY environment ORDER BY environment`;
}

/** Keys of rows of some devices that only one of the two generations has, or has otherwise. */
export function differingKeysSql(
  table: ComparedTable,
  environment: number,
  devices: readonly number[],
  scope: ComparisonScope,
): string {
  return `SELECT key FROM (${bothSides(table, scope, 'environment, device, key, hash')})
WHERE environment = ${environment} AND device IN (${devices.join(', ')}) GROUP BY key
HAVING countIf(side = 0) != countIf(side = 1) OR sumIf(hash, side = 0) != sumIf(hash, side = 1) ORDER BY key LIMIT 5`;
}
