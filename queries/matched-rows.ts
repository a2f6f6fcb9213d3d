import { isAddressable, PAGEVIEWS_TABLE, tableName } from '#schemas/names.ts';
import { conditionSql } from './condition-sql.ts';
import type { EventMatch, EventPattern } from './event-match.ts';
import { scopeConditions } from './event-scope.ts';
import type { Parameters } from './parameters.ts';
import { FIELDS, type PropertyRef, type PropertyScope, propertyKey } from './property-ref.ts';
import { accountIdColumn, type QuestionScope, type Subject } from './question-scope.ts';
import { readersColumnSql } from './user-property.ts';

/** Matches a question may have: each is a bit of a UInt64. */
export const MOST_MATCHES = 64;

/** Which rows, and what of them. */
export type WantedRows = {
  /** Bit i of `mask` says whether the row fits the i-th. */
  readonly matches: readonly EventMatch[];
  /** Properties to be had as `value_0`, `value_1`, ... */
  readonly values?: readonly PropertyRef[];
  readonly subject: Subject;
  /** Also rows that fit no match. */
  readonly others?: boolean;
  /** Times to read instead of the scope's range, which remains that of `among`. */
  readonly read?: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined };
};

/**
 * The events a question is about, whoever did them, as a subquery without brackets; `members` is a condition on `user_id` to
 * be met besides. Columns:
 *
 * - `subject`: user id; account id as text; or (device id, session id). Rows without one are left out.
 * - `user_id`, `device_id`, `session_id` (0 = none), resolved; `event_id`; `name`.
 * - `at`: epoch ms.
 * - `mask`: UInt64, bit i = the row fits match i.
 * - `value_0`, ...: Nullable(String).
 */
export function matchedRows(
  scope: QuestionScope,
  parameters: Parameters,
  wanted: WantedRows,
  members?: string,
): string {
  const { matches, values = [], subject, others = false } = wanted;
  if (matches.length > MOST_MATCHES) {
    throw new RangeError(
      `Cannot tell so many events apart: want at most ${MOST_MATCHES}, current number is ${matches.length}`,
    );
  }
  const patterns = matches.flatMap(({ anyOf }) => anyOf);
  const columns = columnsOf([
    ...values,
    ...patterns.flatMap(({ where = [] }) => where.map(({ property }) => property)),
    ...(subject === 'account' ? [accountOf(scope)] : []),
  ]);
  const columnOf = (property: PropertyRef) => columns.get(propertyKey(property))?.column as string;
  const maskSql = maskOf(matches, parameters, columnOf);
  const where = [
    ...scopeConditions({ ...scope, ...wanted.read }, parameters),
    ...(subject === 'session' ? ['session_id != 0'] : []),
    ...(members === undefined ? [] : [members]),
  ];
  const conditions = [
    ...(others || matches.length === 0 ? [] : ['mask != 0']),
    ...(subject === 'account' ? ["subject != ''"] : []),
  ];
  return `SELECT ${subjectSql(subject, scope, columnOf)} AS subject, user_id, device_id, session_id, event_id, name, at,
  ${maskSql} AS mask${values.map((value, index) => `, ${columnOf(value)} AS value_${index}`).join('')}
FROM (${captured(parameters, columns, others ? [{}] : patterns, where)}) AS events${joins(scope, parameters, columns)}${
    conditions.length === 0 ? '' : `\nWHERE ${conditions.join(' AND ')}`
  }`;
}

type Column = { readonly column: string; readonly property: PropertyRef };

/** A column for each property, by its text. */
function columnsOf(properties: readonly PropertyRef[]): ReadonlyMap<string, Column> {
  const columns = new Map<string, Column>();
  for (const property of properties) {
    const text = propertyKey(property);
    if (!columns.has(text)) columns.set(text, { column: `${property.of}_${columns.size}`, property });
  }
  return columns;
}

const ofScope = (columns: ReadonlyMap<string, Column>, ...scopes: readonly PropertyScope[]) =>
  [...columns.values()].filter(({ property }) => scopes.includes(property.of));

function accountOf(scope: QuestionScope): PropertyRef {
  return { of: 'user', name: accountIdColumn(scope) };
}

function subjectSql(
  subject: Subject,
  scope: QuestionScope,
  columnOf: (property: PropertyRef) => string,
): string {
  if (subject === 'user') return 'user_id';
  if (subject === 'session') return '(device_id, session_id)';
  return `ifNull(${columnOf(accountOf(scope))}, '')`;
}

/**
 * Rows of the events, with what is kept in them. Below any join: above one, a path of the JSON would be cut out of the
 * whole column.
 */
function captured(
  parameters: Parameters,
  columns: ReadonlyMap<string, Column>,
  patterns: readonly EventPattern[],
  conditions: readonly string[],
): string {
  const names = namesOf(patterns);
  const own = ofScope(columns, 'event', 'field').map(
    ({ column, property }) => `,\n    ${capturedSql(property, parameters)} AS ${column}`,
  );
  const where = [
    ...conditions,
    ...(names === undefined
      ? []
      : [
          `event_table_name IN ${parameters.add(tablesOf(names), 'Array(String)')}`,
          `name IN ${parameters.add(names, 'Array(String)')}`,
        ]),
  ];
  return `
  SELECT user_id, device_id, session_id, event_id, name, toUnixTimestamp64Milli(time) AS at${own.join('')}
  FROM cairn.resolved_events
  WHERE ${where.join(' AND ')}
`;
}

/** Names that all rows have one of; undefined where a pattern takes any. */
export function namesOf(patterns: readonly EventPattern[]): readonly string[] | undefined {
  if (patterns.some(({ names }) => names === undefined)) return undefined;
  return [...new Set(patterns.flatMap(({ names = [] }) => names))];
}

/** `event_table_name` of events of some names, by which storage is sorted. */
export function tablesOf(names: readonly string[]): readonly string[] {
  return [
    ...new Set(
      names.flatMap((name) => (name === 'pageview' ? [PAGEVIEWS_TABLE, tableName(name)] : [tableName(name)])),
    ),
  ];
}

/**
 * What is kept in the rows of `cairn.resolved_events` under the alias `row` ('' where it has none) of a property of the
 * event, or a field: Nullable(String).
 */
export function capturedSql({ of, name }: PropertyRef, parameters: Parameters, row = ''): string {
  const prefix = row === '' ? '' : `${row}.`;
  if (of === 'event') {
    if (!isAddressable(name)) return "CAST(NULL, 'Nullable(String)')";
    const value = `getSubcolumn(${prefix}properties, ${parameters.add(name, 'String')})`;
    return `if(isNull(${value}), NULL, toString(${value}))`;
  }
  const field = FIELDS.find((known) => known === name);
  if (field === undefined) {
    throw new RangeError(`Cannot read the field ${JSON.stringify(name)}: want one of ${FIELDS.join(', ')}`);
  }
  return `nullIf(toString(${prefix}${field}), '')`;
}

function joins(scope: QuestionScope, parameters: Parameters, columns: ReadonlyMap<string, Column>): string {
  const database = parameters.add(scope.database, 'Identifier');
  const selected = (list: readonly Column[]) =>
    list
      .map(({ column, property }) => `, ${readersColumnSql(property.name, parameters)} AS ${column}`)
      .join('');
  const ofSession = ofScope(columns, 'session');
  const ofAccount = ofScope(columns, 'account');
  const ofUser = ofScope(columns, 'user');
  const account: readonly Column[] =
    ofAccount.length === 0 ? [] : [{ column: 'account_key', property: accountOf(scope) }];
  return [
    ...(ofSession.length === 0
      ? []
      : [
          `\nLEFT ANY JOIN (SELECT device_id AS visit_device, session_id AS visit_session${selected(ofSession)} FROM ${database}.sessions) AS visits
ON device_id = visit_device AND session_id = visit_session`,
        ]),
    ...(ofUser.length + account.length === 0
      ? []
      : [
          `\nLEFT ANY JOIN (SELECT user_id AS person${selected([...ofUser, ...account])} FROM ${database}.users) AS people
ON user_id = person`,
        ]),
    ...(ofAccount.length === 0
      ? []
      : [
          `\nLEFT ANY JOIN (SELECT account_id AS company${selected(ofAccount)} FROM ${database}.accounts) AS companies
ON account_key = company`,
        ]),
  ].join('');
}

/** Names alone are looked up at once; patterns with conditions are tried one by one. */
function maskOf(
  matches: readonly EventMatch[],
  parameters: Parameters,
  columnOf: (property: PropertyRef) => string,
): string {
  const byName = new Map<string, bigint>();
  const terms: string[] = [];
  matches.forEach(({ anyOf }, bit) => {
    const tried: string[] = [];
    for (const { names, where = [] } of anyOf) {
      if (where.length === 0 && names !== undefined) {
        for (const name of names) byName.set(name, (byName.get(name) ?? 0n) | (1n << BigInt(bit)));
      } else tried.push(patternSql({ names, where }, parameters, columnOf));
    }
    if (tried.length > 0) {
      terms.push(`bitShiftLeft(toUInt64(${tried.join(' OR ')}), ${bit})`);
    }
  });
  const names = [...byName.keys()];
  const lookedUp =
    names.length === 0
      ? []
      : [
          // As texts: a mask of 64 bits is more than a number of JavaScript holds.
          `transform(name, ${parameters.add(names, 'Array(String)')}, CAST(${parameters.add(
            names.map((name) => String(byName.get(name))),
            'Array(String)',
          )}, 'Array(UInt64)'), toUInt64(0))`,
        ];
  return (
    [...lookedUp, ...terms].reduce((sum, term) => (sum === '' ? term : `bitOr(${sum}, ${term})`), '') ||
    'toUInt64(0)'
  );
}

/** Whether a row fits a pattern: 0 or 1. `name` is the column of the event's name. */
export function patternSql(
  { names, where = [] }: EventPattern,
  parameters: Parameters,
  columnOf: (property: PropertyRef) => string,
  name = 'name',
): string {
  const terms = [
    ...(names === undefined ? [] : [`${name} IN ${parameters.add(names, 'Array(String)')}`]),
    ...where.map((condition) => conditionSql(condition, columnOf(condition.property), parameters)),
  ];
  return terms.length === 0 ? '1' : `(${terms.join(' AND ')})`;
}
