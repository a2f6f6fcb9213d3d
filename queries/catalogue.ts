import type { Query } from './query.ts';

/** Days of which volumes are answered, today included. */
export const CATALOGUE_DAYS = 30;
const DAY_MS = 86_400_000;
/** Latest events of a name whose properties are looked at. */
const SAMPLE = 20_000;

type CatalogueScope = {
  readonly environment: number;
  /** What time it is. Epoch ms. */
  readonly nowMs: number;
};

const FROM = "time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')";
/** Events of each of the days, the oldest first. */
const BY_DAY = `countResample(0, ${CATALOGUE_DAYS}, 1)(toRelativeDayNum(time, 'UTC') - {firstDay:Int32})`;

function dayParams({ environment, nowMs }: CatalogueScope) {
  const firstDay = Math.floor(nowMs / DAY_MS) - (CATALOGUE_DAYS - 1);
  return { environment, firstDay, from: firstDay * DAY_MS };
}

export type CatalogueEventRow = {
  /** As sent. */
  readonly name: string;
  /** Name of its view in the readers' database. */
  readonly view: string;
  readonly sources: readonly string[];
  readonly events: number;
  readonly users: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly byDay: readonly number[];
};

/** Every event of the last days with its volume, the most frequent first. */
export function catalogueEventsQuery(scope: CatalogueScope): Query {
  return {
    sql: `SELECT name, any(event_table_name) AS view, arraySort(groupUniqArray(toString(source))) AS sources,
  count() AS events, uniq(user_id) AS users, toUnixTimestamp64Milli(min(time)) AS firstAtMs,
  toUnixTimestamp64Milli(max(time)) AS lastAtMs, ${BY_DAY} AS byDay
FROM cairn.resolved_events
WHERE environment = {environment:UInt16} AND ${FROM}
GROUP BY name
ORDER BY events DESC, name
LIMIT 5000`,
    params: dayParams(scope),
  };
}

export type CataloguePropertyRow = {
  readonly name: string;
  /** Events of the sample that have it. */
  readonly events: number;
  /** Events of the sample. */
  readonly sample: number;
  /** Types seen, as JSON knows them. */
  readonly types: readonly string[];
  /** Different values, nearly. */
  readonly distinct: number;
  /** Some of the most frequent. */
  readonly values: readonly string[];
  readonly lastAtMs: number;
  readonly byDay: readonly number[];
};

const TYPE = `multiIf(type = 'Bool', 'boolean', type IN ('Int64', 'UInt64', 'Float64'), 'number', 'text')`;

function propertiesSql(from: string): string {
  return `WITH sampled AS (${from} ORDER BY time DESC LIMIT ${SAMPLE})
SELECT property AS name, count() AS events, (SELECT count() FROM sampled) AS sample, arraySort(groupUniqArray(${TYPE})) AS types,
  uniq(value) AS distinct, topK(5)(left(value, 80)) AS values, toUnixTimestamp64Milli(max(time)) AS lastAtMs, ${BY_DAY} AS byDay
FROM sampled
ARRAY JOIN JSONAllPaths(properties) AS property, JSONAllValues(properties) AS value,
  mapValues(JSONAllPathsWithTypes(properties)) AS type
GROUP BY property
ORDER BY events DESC, name
LIMIT 2000`;
}

/** Properties of an event's latest occurrences. */
export function eventPropertiesQuery(scope: CatalogueScope & { readonly name: string }): Query {
  return {
    sql: propertiesSql(
      `SELECT time, properties FROM cairn.resolved_events WHERE environment = {environment:UInt16} AND ${FROM} AND name = {name:String}`,
    ),
    params: { ...dayParams(scope), name: scope.name },
  };
}

/** Properties of users, as they were set last. */
export function userPropertiesQuery(scope: CatalogueScope): Query {
  return {
    sql: propertiesSql(
      `SELECT time, properties FROM cairn.user_properties WHERE generation = (SELECT argMax(g, switched_at) FROM cairn.live) AND environment = {environment:UInt16} AND ${FROM}`,
    ),
    params: dayParams(scope),
  };
}

export type RecentUserRow = {
  /** Resolved. */
  readonly userId: number;
  /** Empty where it is anonymous. */
  readonly identity: string;
  readonly devices: number;
  readonly events: number;
  readonly lastAtMs: number;
  readonly lastEvent: string;
};

/** Users of the latest events. */
export function recentUsersQuery(environment: number): Query {
  return {
    sql: `WITH recent AS
(
  SELECT user_id, uniq(device_id) AS devices, count() AS events, max(time) AS last, argMax(name, time) AS lastEvent
  FROM (SELECT user_id, device_id, name, time FROM cairn.resolved_events WHERE environment = {environment:UInt16}
    ORDER BY time DESC LIMIT 5000)
  GROUP BY user_id
  ORDER BY last DESC
  LIMIT 20
),
known AS
(
  SELECT to_user_id AS user_id, any(identity) AS identity
  FROM cairn.user_migrations
  WHERE generation = (SELECT argMax(g, switched_at) FROM cairn.live) AND environment = {environment:UInt16}
    AND to_user_id IN (SELECT user_id FROM recent)
  GROUP BY user_id
)
SELECT recent.user_id AS userId, known.identity AS identity, devices, events, toUnixTimestamp64Milli(last) AS lastAtMs, lastEvent
FROM recent LEFT JOIN known ON known.user_id = recent.user_id
ORDER BY last DESC
SETTINGS join_use_nulls = 0`,
    params: { environment },
  };
}
