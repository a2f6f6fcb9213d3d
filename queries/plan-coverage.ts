/**
 * What arrives, as far as a tracking plan is concerned. Values are judged again in SQL by the rules of
 * `plans/core/compile-plan.ts`, which holds new events to them: a test compares the two.
 */
import { LARGEST_TIME_MS, patternInRe2, TIME_PATTERN } from '#plans/core/pattern.ts';
import type { PlannedProperty } from '#plans/core/plan.ts';
import { CAPTURED_TYPES } from '#schemas/kinds.ts';
import { columnName, isAddressable, PAGEVIEWS_TABLE, tableName } from '#schemas/names.ts';
import { type EventScope, rangeConditions, scopeConditions } from './event-scope.ts';
import { Parameters } from './parameters.ts';
import type { Query } from './query.ts';

/** Names of events, or of properties, to answer. */
const MOST_NAMES = 20_000;
const EXAMPLES = 3;
const LONGEST_EXAMPLE = 80;

/** Rows are `ObservedEvent`. */
export function arrivingEventsQuery(scope: EventScope): Query {
  const { parameters, where } = begin(scope);
  return {
    sql: `SELECT name, ${capturedSql(parameters)} = 1 AS captured, count() AS events, countIf(source = 'server') AS fromServer,
  toUnixTimestamp64Milli(min(time)) AS firstAt, toUnixTimestamp64Milli(max(time)) AS lastAt
FROM cairn.resolved_events
WHERE ${where}
GROUP BY name, captured
ORDER BY events DESC, name
LIMIT ${MOST_NAMES}`,
    params: parameters.values,
  };
}

/** Rows have `event`, `captured`, `name` and `count` of an `ObservedProperty`. */
export function arrivingPropertiesQuery(scope: EventScope): Query {
  const { parameters, where } = begin(scope);
  return {
    sql: `SELECT name AS event, ${capturedSql(parameters)} = 1 AS captured, property, count() AS count
FROM cairn.resolved_events ARRAY JOIN JSONAllPaths(properties) AS property
WHERE ${where}
GROUP BY name, captured, property
ORDER BY count DESC, event, property
LIMIT ${MOST_NAMES}`,
    params: parameters.values,
  };
}

/** The same of users or accounts, by what was set within the range; `count` = how many it was set for. */
export function arrivingProfilesQuery(scope: EventScope, of: 'user' | 'account'): Query {
  const { parameters, where } = begin(scope);
  return {
    sql: `SELECT property, uniqExact(device_id) AS count
FROM cairn.${of}_properties ARRAY JOIN JSONAllPaths(properties) AS property
WHERE generation = ${LIVE} AND ${where}
GROUP BY property
ORDER BY count DESC, property
LIMIT ${MOST_NAMES}`,
    params: parameters.values,
  };
}

/** How many users, or accounts, something was set for within the range. */
export function profilesQuery(scope: EventScope, of: 'user' | 'account'): Query {
  const { parameters, where } = begin(scope);
  return {
    sql: `SELECT uniqExact(device_id) AS count FROM cairn.${of}_properties WHERE generation = ${LIVE} AND ${where}`,
    params: parameters.values,
  };
}

/** A place where planned properties are looked for. */
export type Planned = {
  readonly of: 'event' | 'user' | 'account';
  /** Empty for users and accounts. */
  readonly event: string;
  readonly captured: boolean;
  readonly properties: readonly PlannedProperty[];
};

/**
 * How many values of planned properties are not as planned. A row has the `index` of its place, and a list each of
 * `wrongType`, `wrongValue` and `examples` in the order of the place's properties.
 */
export function faultsQuery(scope: EventScope, places: readonly Planned[]): Query {
  const parameters = new Parameters();
  const parts = places.map(({ of, event, captured, properties }, index) => {
    const { where } = begin(scope, parameters);
    const judged = properties.map((property) => judge(property, parameters));
    const conditions =
      of === 'event'
        ? `event_table_name IN ${parameters.add([...new Set([tableName(event), captured ? PAGEVIEWS_TABLE : tableName(event)])], 'Array(String)')} AND name = ${parameters.add(event, 'String')}
  AND ${captured ? '' : 'NOT '}${capturedSql(parameters)}`
        : `generation = ${LIVE}`;
    return `SELECT ${index} AS index, [${judged.map(({ wrongType }) => `countIf(${wrongType})`).join(', ')}] AS wrongType,
  [${judged.map(({ wrongValue }) => `countIf(${wrongValue})`).join(', ')}] AS wrongValue,
  [${judged.map(({ text, wrongType, wrongValue }) => `groupUniqArrayIf(${EXAMPLES})(substringUTF8(${text}, 1, ${LONGEST_EXAMPLE}), ${wrongType} OR ${wrongValue})`).join(', ')}] AS examples
FROM cairn.${of === 'event' ? 'resolved_events' : `${of}_properties`}
WHERE ${where} AND ${conditions}`;
  });
  return { sql: parts.join('\nUNION ALL\n'), params: parameters.values };
}

/** Columns of the view `sessions` of an environment. */
export function sessionColumnsQuery(database: string): Query {
  return {
    sql: "SELECT name FROM system.columns WHERE database = {database:String} AND table = 'sessions'",
    params: { database },
  };
}

/** In how many sessions some columns have a value; `count` is a list, in the order of the columns. */
export function sessionPropertiesQuery(
  scope: EventScope,
  database: string,
  columns: readonly string[],
): Query {
  const parameters = new Parameters();
  const range = rangeConditions(scope, parameters);
  const counts = columns.map((column) => {
    const value = parameters.add(columnName(column), 'Identifier');
    return `countIf(isNotNull(${value}) AND toString(${value}) != '')`;
  });
  return {
    sql: `SELECT count() AS sessions, [${counts.join(', ')}] AS count FROM ${parameters.add(database, 'Identifier')}.sessions
WHERE ${range.join(' AND ') || '1'}`,
    params: parameters.values,
  };
}

const LIVE = '(SELECT argMax(g, switched_at) FROM cairn.live)';

function begin(scope: EventScope, parameters: Parameters = new Parameters()) {
  return { parameters, where: scopeConditions(scope, parameters).join(' AND ') };
}

function capturedSql(parameters: Parameters): string {
  return `type IN ${parameters.add(CAPTURED_TYPES, 'Array(String)')}`;
}

/** Conditions for values that are not as planned, and the value as text. */
function judge(property: PlannedProperty, parameters: Parameters) {
  const { name, type, oneOf, pattern, atLeast, atMost, longest } = property;
  if (!isAddressable(name)) return { wrongType: '0', wrongValue: '0', text: "''" };
  const value = `getSubcolumn(properties, ${parameters.add(name, 'String')})`;
  const has = `isNotNull(${value})`;
  const kind = `dynamicType(${value})`;
  const text = `ifNull(toString(${value}), '')`;
  const number = `ifNull(toFloat64OrNull(${text}), 0)`;
  const isNumber = `match(${kind}, '^(U?Int|Float)[0-9]+$')`;
  const isText = `${kind} = 'String'`;
  const right = {
    string: isText,
    number: isNumber,
    boolean: `${kind} = 'Bool'`,
    time: `((${isText} AND match(${text}, ${parameters.add(`^(${TIME_PATTERN})$`, 'String')}))
    OR (${isNumber} AND ${number} BETWEEN 0 AND ${LARGEST_TIME_MS} AND ${number} = floor(${number})))`,
  }[type];
  const limits = [
    ...(oneOf === undefined ? [] : [oneOfSql(oneOf, type, { text, number }, parameters)]),
    ...(pattern === undefined ? [] : [`match(${text}, ${parameters.add(patternInRe2(pattern), 'String')})`]),
    ...(atLeast === undefined ? [] : [`${number} >= ${parameters.add(atLeast, 'Float64')}`]),
    ...(atMost === undefined ? [] : [`${number} <= ${parameters.add(atMost, 'Float64')}`]),
    ...(longest === undefined ? [] : [`lengthUTF8(${text}) <= ${parameters.add(longest, 'UInt32')}`]),
  ];
  return {
    wrongType: `${has} AND NOT ${right}`,
    wrongValue: limits.length === 0 ? '0' : `${has} AND ${right} AND NOT (${limits.join(' AND ')})`,
    text,
  };
}

function oneOfSql(
  oneOf: readonly (string | number | boolean)[],
  type: PlannedProperty['type'],
  { text, number }: { readonly text: string; readonly number: string },
  parameters: Parameters,
): string {
  return type === 'number'
    ? `${number} IN ${parameters.add(oneOf.map(Number), 'Array(Float64)')}`
    : `${text} IN ${parameters.add(oneOf.map(String), 'Array(String)')}`;
}
