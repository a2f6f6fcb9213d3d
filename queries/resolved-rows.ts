import { latestSchema } from '#schemas/registry.ts';
import type { Query } from './query.ts';

type AvroField = { readonly name: string; readonly type: unknown };

/** A column as JSON has it: times in epoch ms. */
const selected = ({ name, type }: AvroField) =>
  (type as { logicalType?: string }).logicalType === 'timestamp-millis'
    ? `toUnixTimestamp64Milli(\`${name}\`) AS \`${name}\``
    : `\`${name}\``;

const SESSION_FIELDS = (latestSchema('Session').json as unknown as { fields: readonly AvroField[] }).fields;

/** Every column of a session's final row that its record decides; not the user id, which the squash rewrites. */
export const SESSION_COLUMNS: readonly string[] = SESSION_FIELDS.map(({ name }) => name).filter(
  (name) => name !== 'user_id',
);

/** Final rows of the sessions of one partition. The columns are renamed outside, so that FINAL sees the stored ones. */
export function storedSessionsQuery(generation: number, partition: number): Query {
  return {
    sql: `SELECT ${SESSION_FIELDS.map(selected).join(', ')}
FROM (SELECT * FROM cairn.sessions FINAL WHERE generation = {generation:UInt16} AND \`_partition\` = {partition:UInt16})`,
    params: { generation, partition },
  };
}

/** A binding with its verdict. Times are epoch ms UTC. */
export type StoredBinding = {
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
};

export function storedBindingsQuery(generation: number): Query {
  return {
    sql: `SELECT environment, from_user_id, to_user_id, identity, toUnixTimestamp64Milli(bound_at) AS bound_at,
  toUnixTimestamp64Milli(time) AS time, source, event_id, origin_partition, origin_offset, counts, reason
FROM (SELECT * FROM cairn.user_migrations FINAL WHERE generation = {generation:UInt16})`,
    params: { generation },
  };
}

const keyOf = (id: string) => `bitOr(bitShiftLeft(toUInt64(environment), 53), ${id})`;

/** Which user the events of a device belong to, where that is not the device itself. */
export type ResolvedDevice = {
  readonly environment: number;
  readonly device_id: number;
  readonly user_id: number;
  readonly events: number;
};

/** Asks the resolver of a generation, live or not, for every device with events before the cut. */
export function resolvedDevicesQuery(generation: number, cuts: readonly bigint[]): Query {
  return {
    sql: `SELECT environment, device_id,
  dictGetOrDefault('cairn.recent_identities_g${generation}', 'user_id', ${keyOf('device_id')},
    dictGetOrDefault('cairn.identities_g${generation}', 'user_id', ${keyOf('device_id')}, device_id)) AS user_id,
  sum(rows) AS events
FROM (SELECT environment, device_id, count() AS rows FROM cairn.events
  WHERE generation = {generation:UInt16} AND origin_offset < {cuts:Array(UInt64)}[origin_partition + 1]
  GROUP BY environment, device_id)
GROUP BY environment, device_id HAVING user_id != device_id`,
    params: { generation, cuts: cuts.map(Number) },
  };
}

/** Which session the events of an absorbed one belong to. */
export type ResolvedSession = {
  readonly environment: number;
  readonly device_id: number;
  /** As stored with the events. */
  readonly session_id: number;
  /** As readers see it. */
  readonly resolved: number;
};

/** Asks the resolver for every session that events of a partition before an offset are stored under. */
export function resolvedSessionsQuery(generation: number, partition: number, before: bigint): Query {
  const dictionary = `'cairn.absorbed_sessions_g${generation}'`;
  const key = keyOf('session_id');
  return {
    sql: `SELECT environment, device_id, session_id,
  if(dictGet(${dictionary}, 'device_id', ${key}) = device_id,
    dictGetOrDefault(${dictionary}, 'survivor', ${key}, session_id), session_id) AS resolved
FROM (SELECT DISTINCT environment, device_id, session_id FROM cairn.events
  WHERE generation = {generation:UInt16} AND origin_partition = {partition:UInt16} AND origin_offset < {before:UInt64}
    AND session_id != 0)
WHERE resolved != session_id`,
    params: { generation, partition, before: Number(before) },
  };
}

/**
 * A row of the view of users; times in epoch ms, properties by column. What is not a column of the view has a capital
 * letter in its name, which no column of a property has.
 */
export type UserRow = {
  readonly user_id: number;
  readonly identity: string | null;
  readonly joindateMs: number;
  readonly lastModifiedMs: number;
  readonly [column: string]: unknown;
};

export function usersQuery(database: string): Query {
  return {
    sql: `SELECT toUnixTimestamp64Milli(joindate) AS joindateMs, toUnixTimestamp64Milli(last_modified) AS lastModifiedMs,
  * EXCEPT (joindate, last_modified)
FROM {database:Identifier}.users`,
    params: { database },
  };
}

/** Properties of users or accounts of an environment, oldest first: where names share a column, the oldest comes first. */
export function propertyNamesQuery(environment: number, scope: 'user_property' | 'account_property'): Query {
  return {
    sql: `SELECT name, min(first_seen) AS seen FROM cairn.names
WHERE environment = {environment:UInt16} AND scope = {scope:String} GROUP BY name ORDER BY seen, name`,
    params: { environment, scope },
  };
}

export function liveGenerationQuery(): Query {
  return { sql: 'SELECT argMax(g, switched_at) AS generation FROM cairn.live', params: {} };
}
