import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import { columnsOf, STORED_TABLES, type StoredTable } from './columns.ts';
import type { Range } from './position.ts';

/**
 * Inserts a table remembers by token. The loader repeats only an insert whose commit it never made, the last
 * one of each partition, so the window has to outlast what the other partitions insert meanwhile.
 */
const SETTINGS = 'non_replicated_deduplication_window = 100000';

const columnList = (table: StoredTable) =>
  columnsOf(table)
    .map(({ name, type }) => `${identifier(name)} ${type}`)
    .join(', ');

/** Where a position of a partition is looked up without reading the whole table. */
const OFFSET_INDEX = 'INDEX offset_index `_offset` TYPE minmax GRANULARITY 1';

/** Where the events of a device are, which the sort key has behind the table of the event. */
const DEVICE_INDEX = 'INDEX device_index device_id TYPE bloom_filter(0.01) GRANULARITY 1';

/** What names a session, and the beginning of its rows' sort key. */
const SESSION_NAME = 'generation, environment, device_id, session_id';

/** Columns of version 2 of `Collected`. */
const COLLECTED_V2 = ['app_visibility'];

/** Columns of version 2 of `Session`. */
const SESSION_V2 = ['opened_at', 'extended_at', 'absorbed_opened_at'];

/** Adds columns behind another where they are missing: a table keeps the order of its rows' bytes. */
function addColumns(table: StoredTable, after: string, names: readonly string[]): string {
  return names
    .map((name, index) => {
      const type = columnsOf(table).find((column) => column.name === name)?.type;
      return `ADD COLUMN IF NOT EXISTS ${name} ${type} AFTER ${names[index - 1] ?? after}`;
    })
    .join(', ');
}

const PROPERTIES_TABLE = (table: StoredTable) =>
  `CREATE TABLE IF NOT EXISTS cairn.${table.table} (${columnList(table)}, ${OFFSET_INDEX})
ENGINE = MergeTree PARTITION BY generation ORDER BY (environment, device_id, time, event_id) SETTINGS ${SETTINGS}`;

/** The id an identity is known by, as canonicalUserId() of the schemas computes it. Both arguments are SQL. */
export const canonicalIdSql = (environment: string, identity: string) =>
  `greatest(bitShiftRight(reinterpretAsUInt64(reverse(substring(
  SHA256(concat('identity', char(0), toString(${environment}), char(0), ${identity})), 1, 8))), 11), 1)`;

/** When a device was noted that is no identity's own id, and seen that only a session names so far. */
export const NEVER = "toDateTime64('2299-12-31 00:00:00', 3, 'UTC')";

/** What a user shows of its earliest session. */
export const INITIAL = [
  'referrer',
  'landing_page',
  'landing_page_query',
  'landing_page_hash',
  'search_keyword',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'browser',
  'platform',
  'device_type',
  'country',
  'region',
  'city',
] as const;

/**
 * `key` puts sessions in the order of (start, event id), and of the rows of one session the newest first: a number compares
 * many times faster than a tuple.
 */
const INITIAL_TYPE = `Tuple(key UInt256, ${INITIAL.map((name) => `${name} String`).join(', ')})`;

/** The key where there is no session: after all others. */
export const NO_SESSION = 'bitNot(toUInt256(0))';

/** What a row of `sessions` says of its device. Not when that was seen: its events do. */
const INITIAL_OF_SESSIONS = `SELECT generation, environment, device_id, ${NEVER} AS first_seen,
  CAST((bitOr(bitShiftLeft(toUInt256(toUnixTimestamp64Milli(started_at)), 128),
    bitOr(bitShiftLeft(toUInt256(event_id), 64), toUInt256(bitNot(\`_offset\`)))),
    ${INITIAL.map((name) => `toString(${name})`).join(', ')}), '${INITIAL_TYPE}') AS initial
FROM cairn.sessions WHERE merged_into = 0`;

const INITIAL_IS_FILLED = "(SELECT count() FROM cairn.upgrades WHERE name = 'devices.initial')";

const devicesOf = (source: string, where = '') =>
  `SELECT generation, environment, device_id, min(time) AS first_seen, max(time) AS last_seen,
  max(if(identity != '' AND device_id = ${canonicalIdSql('environment', 'identity')}, identity, '')) AS identity,
  if(identity = '', ${NEVER}, now64(3, 'UTC')) AS noted_at
FROM cairn.${source} ${where}GROUP BY generation, environment, device_id`;

const deviceView = (source: string) =>
  `CREATE MATERIALIZED VIEW IF NOT EXISTS cairn.devices_from_${source} TO cairn.devices AS
${devicesOf(source)}`;

/** Gives the view into `devices` of an installation that is older than a column the query it has now. */
export function renewDeviceViewSql(source: string): string {
  return `ALTER TABLE cairn.devices_from_${source} MODIFY QUERY ${devicesOf(source)}`;
}

/** Tables that `devices` is made from. */
export const DEVICE_SOURCES: ReadonlySet<string> = new Set(['events', 'user_properties']);

/** Condition for the rows of a table that came from a range of a partition. */
export function rowsOfRange(generation: number, partition: number, { first, last }: Range): string {
  return `generation = ${generation} AND \`_partition\` = ${partition} AND \`_offset\` BETWEEN ${first} AND ${last}`;
}

/** Does again what the view into `devices` does, for some rows. */
export function repeatDevicesSql(source: string, rows: string): string {
  return `INSERT INTO cairn.devices (generation, environment, device_id, first_seen, last_seen, identity, noted_at)
${devicesOf(source, `WHERE ${rows} `)}`;
}

/**
 * Tables of the storage database, safe to run again and from several loaders at once. Rows are never updated in
 * place: a sort key holds `device_id`, which never changes, and no user id, which can.
 */
export const STORAGE_SQL: readonly string[] = [
  'CREATE DATABASE IF NOT EXISTS cairn',

  `CREATE TABLE IF NOT EXISTS cairn.events (${columnList(STORED_TABLES.events)}, ${OFFSET_INDEX}, ${DEVICE_INDEX})
ENGINE = MergeTree PARTITION BY (generation, toYYYYMM(time))
ORDER BY (environment, event_table_name, device_id, time, event_id) SETTINGS ${SETTINGS}`,
  `ALTER TABLE cairn.events ${addColumns(STORED_TABLES.events, 'properties', COLLECTED_V2)}`,
  // For a table of before there was one; parts get it as they are merged.
  `ALTER TABLE cairn.events ADD ${DEVICE_INDEX.replace('INDEX', 'INDEX IF NOT EXISTS')}`,

  // One row a part of a session: the newest upsert. The month is not in the partition key, as a late event may move a
  // session's start into the month before, and rows of different partitions never replace each other.
  // The generation is in the sort key because FINAL, unlike a merge, does replace across partitions.
  `CREATE TABLE IF NOT EXISTS cairn.sessions (${columnList(STORED_TABLES.sessions)}, ${OFFSET_INDEX})
ENGINE = ReplacingMergeTree(\`_offset\`) PARTITION BY generation PRIMARY KEY (${SESSION_NAME})
ORDER BY (${SESSION_NAME}, opened_at) SETTINGS ${SETTINGS}`,
  // Tables of before sessions had parts: a sort key may grow by a column that comes with it.
  `ALTER TABLE cairn.sessions ${addColumns(STORED_TABLES.sessions, 'utm_content', SESSION_V2)},
MODIFY ORDER BY (${SESSION_NAME}, opened_at)`,

  PROPERTIES_TABLE(STORED_TABLES.user_properties),
  PROPERTIES_TABLE(STORED_TABLES.account_properties),

  // Every binding with its verdict. The sort key finds the bindings of an identity, the index those of a device.
  `CREATE TABLE IF NOT EXISTS cairn.user_migrations (generation UInt16, environment UInt16, from_user_id UInt64,
  to_user_id UInt64, identity String, bound_at DateTime64(3, 'UTC'), time DateTime64(3, 'UTC'),
  source LowCardinality(String), event_id UInt64, origin_partition UInt16, origin_offset UInt64,
  counts UInt8, reason LowCardinality(String), version UInt64, \`_partition\` UInt16, \`_offset\` UInt64,
  INDEX from_index from_user_id TYPE bloom_filter(0.001) GRANULARITY 1)
ENGINE = ReplacingMergeTree(version) PARTITION BY generation
ORDER BY (generation, environment, to_user_id, from_user_id) SETTINGS ${SETTINGS}`,

  // Verdicts in the order they were reached: the few since the large dictionary was loaded are read often.
  `CREATE TABLE IF NOT EXISTS cairn.identity_changes (generation UInt16, key UInt64, user_id UInt64, version UInt64)
ENGINE = MergeTree PARTITION BY generation ORDER BY version SETTINGS ${SETTINGS}`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS cairn.identity_changes_from_user_migrations TO cairn.identity_changes AS
SELECT generation, bitOr(bitShiftLeft(toUInt64(environment), 53), from_user_id) AS key,
  if(counts = 1, to_user_id, from_user_id) AS user_id, version FROM cairn.user_migrations`,
  // The identify limit that the verdicts of a generation were reached by: the newest row; 0 = none.
  `CREATE TABLE IF NOT EXISTS cairn.identify_limits (generation UInt16, environment UInt16, user_ids UInt16, days UInt16,
  noted_at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY (generation, environment, noted_at)`,
  `CREATE TABLE IF NOT EXISTS cairn.identity_base (generation UInt16, version UInt64)
ENGINE = MergeTree ORDER BY generation SETTINGS ${SETTINGS}`,

  `CREATE TABLE IF NOT EXISTS cairn.absorbed_sessions (generation UInt16, key UInt64, device_id UInt64,
  survivor UInt64, version UInt64)
ENGINE = ReplacingMergeTree(version) PARTITION BY generation ORDER BY (key, device_id) SETTINGS ${SETTINGS}`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS cairn.absorbed_sessions_from_sessions TO cairn.absorbed_sessions AS
SELECT generation, bitOr(bitShiftLeft(toUInt64(environment), 53), session_id) AS key, device_id,
  merged_into AS survivor, \`_offset\` AS version FROM cairn.sessions WHERE merged_into != 0`,

  // First and last sight of a device, the identity it is the canonical id of, and when that was noted, by the server's
  // clock. Only minima and maxima: a row that comes twice changes nothing.
  `CREATE TABLE IF NOT EXISTS cairn.devices (generation UInt16, environment UInt16, device_id UInt64,
  first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
  last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  identity SimpleAggregateFunction(max, String))
ENGINE = AggregatingMergeTree PARTITION BY generation ORDER BY (environment, device_id) SETTINGS ${SETTINGS}`,
  `ALTER TABLE cairn.devices ADD COLUMN IF NOT EXISTS noted_at SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
DEFAULT ${NEVER}`,
  deviceView('events'),
  deviceView('user_properties'),
  // The description of the device's earliest session, which readers see as `initial_*` of its user.
  `ALTER TABLE cairn.devices ADD COLUMN IF NOT EXISTS initial SimpleAggregateFunction(min, ${INITIAL_TYPE})
DEFAULT CAST((${NO_SESSION}, ${INITIAL.map(() => "''").join(', ')}), '${INITIAL_TYPE}')`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS cairn.devices_from_sessions TO cairn.devices AS
${INITIAL_OF_SESSIONS}`,
  // Sessions of before there was the column, once: again would change nothing.
  `CREATE TABLE IF NOT EXISTS cairn.upgrades (name String, done_at DateTime64(6, 'UTC'))
ENGINE = MergeTree ORDER BY name`,
  `INSERT INTO cairn.devices (generation, environment, device_id, first_seen, initial)
${INITIAL_OF_SESSIONS} AND ${INITIAL_IS_FILLED} = 0`,
  `INSERT INTO cairn.upgrades SELECT 'devices.initial', now64(6) WHERE ${INITIAL_IS_FILLED} = 0`,

  // Which event and property names an environment has: what its views are made from. \`types\` is a set of
  // PROPERTY_TYPES, \`first_typed\` the time of the first registration in ms, times 16, and its types. Generations
  // share it: the names of an older one do no harm.
  `CREATE TABLE IF NOT EXISTS cairn.names (environment UInt16, scope LowCardinality(String), table_name String,
  name String, types SimpleAggregateFunction(groupBitOr, UInt8),
  first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')))
ENGINE = AggregatingMergeTree ORDER BY (environment, scope, table_name, name) SETTINGS ${SETTINGS}`,
  // Rows that are older than the column count as registered when their first record came.
  `ALTER TABLE cairn.names ADD COLUMN IF NOT EXISTS first_typed SimpleAggregateFunction(min, UInt64)
  DEFAULT toUInt64(toUnixTimestamp64Milli(first_seen)) * 16 + types`,

  // The generation that readers see is the newest row: one INSERT switches every view.
  `CREATE TABLE IF NOT EXISTS cairn.live (g UInt16, switched_at DateTime64(6, 'UTC'))
ENGINE = MergeTree ORDER BY switched_at`,

  // The Kafka cluster that the rows come from: the oldest row.
  `CREATE TABLE IF NOT EXISTS cairn.cluster (id String, noted_at DateTime64(6, 'UTC'))
ENGINE = MergeTree ORDER BY noted_at`,
];

/** Makes a generation live where none is. */
export function firstLiveSql(generation: number): string {
  return `INSERT INTO cairn.live SELECT ${generation}, now64(6) WHERE (SELECT count() FROM cairn.live) = 0`;
}

/** Notes the Kafka cluster where none is. */
export function noteClusterSql(clusterId: string): string {
  return `INSERT INTO cairn.cluster SELECT ${literal(clusterId)}, now64(6) WHERE (SELECT count() FROM cairn.cluster) = 0`;
}
