import type { Query } from './query.ts';

/** Whom a question is about, and in which environment. */
export type UserScope = {
  /** Number of the environment. */
  readonly environment: number;
  /** User id: no device's whose binding counts. undefined = not known yet, for a question that is only shown. */
  readonly user: number | undefined;
  /** Ids that the user's rows are stored under, where they are known; undefined = to be looked up by the question. */
  readonly devices?: readonly number[] | undefined;
};

/** Most devices and bindings of one user that are answered; there may be more. */
export const MOST_DEVICES = 1000;

const OWN =
  'generation = (SELECT argMax(g, switched_at) FROM cairn.live) AND environment = {environment:UInt16}';

/**
 * Ids that the user's rows are stored under: of each device whose binding counts, and the user's own. Read from the table of
 * bindings, which is sorted by user; the resolver can be asked by device alone.
 */
const LOOKED_UP = `(
  SELECT from_user_id FROM cairn.user_migrations FINAL WHERE ${OWN} AND to_user_id = {user:UInt64} AND counts = 1
  UNION ALL SELECT {user:UInt64})`;

/** A question that is told the devices costs half of one that looks them up. */
const devicesOf = ({ devices }: UserScope) => (devices === undefined ? LOOKED_UP : '{devices:Array(UInt64)}');

const milliseconds = (column: string) => `toUnixTimestamp64Milli(${column})`;

function question(sql: string, { environment, user, devices }: UserScope, more: Query['params'] = {}): Query {
  const known = { ...(user === undefined ? {} : { user }), ...(devices === undefined ? {} : { devices }) };
  return { sql, params: { environment, ...known, ...more } };
}

/** Where a record lies in the log. */
export type LogPlace = { readonly origin_partition: number; readonly origin_offset: number };

export type BindingRow = LogPlace & {
  readonly from_user_id: number;
  readonly to_user_id: number;
  readonly identity: string;
  readonly boundAtMs: number;
  readonly timeMs: number;
  readonly source: string;
  readonly event_id: number;
  readonly counts: number;
  /** Why it does not count; empty where it does. */
  readonly reason: string;
  /** Bindings that the question is about, of which at most MOST_DEVICES are answered. */
  readonly bindings: number;
};

const BINDING = `SELECT from_user_id, to_user_id, identity, ${milliseconds('bound_at')} AS boundAtMs,
  ${milliseconds('time')} AS timeMs, source, event_id, origin_partition, origin_offset, counts, reason,
  count() OVER () AS bindings
FROM cairn.user_migrations FINAL
WHERE ${OWN}`;

/** The binding of an id as a device, whether or not it counts. At most one row. */
export function bindingQuery({ environment, id }: { environment: number; id: number }): Query {
  return { sql: `${BINDING} AND from_user_id = {id:UInt64}`, params: { environment, id } };
}

/** Bindings to the user, whether or not they count, the latest first. */
export function bindingsQuery(scope: UserScope): Query {
  return question(
    `${BINDING} AND to_user_id = {user:UInt64}
ORDER BY boundAtMs DESC, from_user_id
LIMIT ${MOST_DEVICES}`,
    scope,
  );
}

export type SeenDeviceRow = {
  readonly device_id: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Where the device is the canonical id of an identity that was named alone; else empty. */
  readonly identity: string;
  /** Devices of the user, of which at most MOST_DEVICES are answered. */
  readonly devices: number;
  readonly firstOfAllMs: number;
  readonly lastOfAllMs: number;
};

/** Devices of the user that were seen, the latest first. One that only a session names so far has no time yet. */
export function seenDevicesQuery(scope: UserScope): Query {
  return question(
    `SELECT device_id, ${milliseconds('min(first_seen)')} AS firstSeenMs,
  ${milliseconds('max(last_seen)')} AS lastSeenMs, max(identity) AS identity, count() OVER () AS devices,
  min(firstSeenMs) OVER () AS firstOfAllMs, max(lastSeenMs) OVER () AS lastOfAllMs
FROM cairn.devices
WHERE ${OWN} AND device_id IN ${devicesOf(scope)}
GROUP BY device_id
HAVING min(first_seen) < toDateTime64('2299-12-31 00:00:00', 3, 'UTC')
ORDER BY lastSeenMs DESC, device_id
LIMIT ${MOST_DEVICES}`,
    scope,
  );
}

export type DeviceActivityRow = {
  readonly device_id: number;
  readonly events: number;
  /** Of all the user's devices, of which at most MOST_DEVICES are answered. */
  readonly eventsOfAll: number;
  readonly sources: readonly string[];
  /** Of the last event that names one. */
  readonly platform: string;
};

/** What the user's devices have sent, the latest first. */
export function deviceActivityQuery(scope: UserScope): Query {
  return question(
    `SELECT device_id, count() AS events, sum(events) OVER () AS eventsOfAll, arraySort(groupUniqArray(toString(source))) AS sources,
  argMaxIf(toString(platform), time, platform != '') AS platform
FROM cairn.events
WHERE ${OWN} AND device_id IN ${devicesOf(scope)}
GROUP BY device_id
ORDER BY max(time) DESC, device_id
LIMIT ${MOST_DEVICES}`,
    scope,
  );
}

export type PropertyWriteRow = LogPlace & {
  readonly name: string;
  readonly value: string;
  readonly type: string;
  readonly device_id: number;
  readonly source: string;
  readonly event_id: number;
  readonly timeMs: number;
  readonly receivedAtMs: number;
};

/**
 * Of each property the write that is in force, and after it the last one of another value, which it or one before it
 * replaced. Of all writes the last counts, by (time, receive time, place in the log).
 */
export function propertyWritesQuery(scope: UserScope): Query {
  return question(writesSql('user_properties', `device_id IN ${devicesOf(scope)}`), scope);
}

/** The same of an account, whose rows are stored under the hash of its id. */
export function accountWritesQuery(account: { environment: number; keyId: number; id: string }): Query {
  return {
    sql: writesSql('account_properties', 'device_id = {keyId:UInt64} AND account_id = {id:String}'),
    params: account,
  };
}

function writesSql(table: 'user_properties' | 'account_properties', whose: string): string {
  const order = 'name, time DESC, received_at DESC, origin_partition DESC, origin_offset DESC';
  return `SELECT name, value, type, device_id, source, event_id, ${milliseconds('time')} AS timeMs,
  ${milliseconds('received_at')} AS receivedAtMs, origin_partition, origin_offset
FROM (
  SELECT name, value, type, device_id, source, event_id, time, received_at, origin_partition, origin_offset
  FROM cairn.${table}
  ARRAY JOIN JSONAllPaths(properties) AS name, JSONAllValues(properties) AS value,
    mapValues(JSONAllPathsWithTypes(properties)) AS type
  WHERE ${OWN} AND ${whose}
  ORDER BY ${order}
  LIMIT 1 BY name, value, type
)
ORDER BY ${order}
LIMIT 2 BY name`;
}

export type UserSessionRow = {
  readonly session_id: number;
  readonly device_id: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly event_count: number;
  readonly landing_page: string | null;
  readonly platform: string | null;
  /** Sessions of the user, of which the latest are answered. */
  readonly sessions: number;
};

/** The user's latest sessions, the latest first. */
export function userSessionsQuery(scope: UserScope & { limit: number }): Query {
  return question(
    `SELECT session_id, device_id, ${milliseconds('started_at')} AS startedAtMs, ${milliseconds('ended_at')} AS endedAtMs,
  event_count, nullIf(landing_page, '') AS landing_page, nullIf(platform, '') AS platform, count() OVER () AS sessions
FROM cairn.resolved_sessions
WHERE environment = {environment:UInt16} AND device_id IN ${devicesOf(scope)}
ORDER BY startedAtMs DESC, session_id, device_id
LIMIT {limit:UInt32}`,
    scope,
    { limit: scope.limit },
  );
}

export type UserEventRow = {
  readonly event_id: number;
  readonly device_id: number;
  /** Resolved; 0 = none. */
  readonly session_id: number;
  readonly timeMs: number;
  readonly source: string;
  readonly name: string;
};

/** The user's latest events, the latest first. */
export function userEventsQuery(scope: UserScope & { limit: number }): Query {
  return question(
    `SELECT event_id, device_id, session_id, ${milliseconds('time')} AS timeMs, source, name
FROM cairn.resolved_events
WHERE environment = {environment:UInt16} AND device_id IN ${devicesOf(scope)}
ORDER BY timeMs DESC, event_id DESC
LIMIT {limit:UInt32}`,
    scope,
    { limit: scope.limit },
  );
}
