import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import { columnName, isAddressable } from '#schemas/names.ts';
import { TIME_TEXT } from './property-shape.ts';

/** Types that values of a property have, as bits of a set. A text that says a time is `string` and `time`. */
export const PROPERTY_TYPES = { number: 1, string: 2, boolean: 4, other: 8, time: 16 } as const;

/** Types a property was registered with share a number with the moment, in its lowest four bits; a time is a text there. */
const FIRST_TYPES = 16;

/** When (epoch ms) and with which types a property was registered, in one number: the earliest is the smallest. */
export function firstTyped(registeredMs: number, types: number): number {
  return registeredMs * FIRST_TYPES + (types % FIRST_TYPES);
}

/** A property of the names registry. */
export type Property = {
  readonly name: string;
  /** Set of PROPERTY_TYPES it has been seen with. */
  readonly types: number;
  /** Receive time of the first record that had it. Epoch ms UTC. */
  readonly firstSeenMs: number;
  /** As firstTyped() says. */
  readonly firstTyped: number;
};

/** A column of a view: one property, or several whose names become the same column. */
export type PropertyColumn = {
  readonly column: string;
  /** Expression over a row's JSON, of the column's type; NULL where the row has no value of that type. */
  readonly expression: string;
  /** Whether the row has one of the properties, where `expression` alone does not tell; undefined where it does. */
  readonly present: string | undefined;
};

const byFirstSeen = (a: Property, b: Property) =>
  a.firstSeenMs - b.firstSeenMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Ends of columns beside a property's own: two underscores, which no property's own column has. */
export const TEXT_SUFFIX = '__text';
export const TIME_SUFFIX = '__time';

/**
 * Columns of properties, oldest property first. A column that would hide a built-in one gets `_property`. Where
 * several names become one column, a row's value is that of the oldest name it has. `json` is the expression of
 * the row's JSON column. A property that is not addressable has no column.
 *
 * A column keeps the type that its name, or the first of several, was registered with: a query that was right yesterday must not fail
 * for a value that came today. A number or boolean that gets a value of another type shows it where it can be read
 * as its own type, else NULL, and from then on has a second column, `<column>__text`, with every value as text. From the
 * first text that says a time on, `<column>__time` shows every such text as a time, else NULL.
 */
export function propertyColumns(
  properties: readonly Property[],
  builtIn: ReadonlySet<string>,
  json: string,
): readonly PropertyColumn[] {
  const byColumn = new Map<string, Property[]>();
  for (const property of properties.toSorted(byFirstSeen)) {
    if (!isAddressable(property.name)) continue;
    const plain = columnName(property.name);
    const column = builtIn.has(plain) ? `${plain}_property` : plain;
    const sharing = byColumn.get(column);
    if (sharing === undefined) byColumn.set(column, [property]);
    else sharing.push(property);
  }
  return [...byColumn].flatMap(([column, sharing]) => columnsOf(column, sharing, json));
}

function columnsOf(column: string, sharing: readonly Property[], json: string): readonly PropertyColumn[] {
  const seen = sharing.reduce((set, property) => set | property.types, 0);
  const types = seen & ~PROPERTY_TYPES.time;
  const paths = sharing.map(({ name }) => `${json}.${identifier(name)}`);
  const first = Math.min(...sharing.map(({ firstTyped }) => firstTyped)) % FIRST_TYPES;
  const own = ownColumns(column, paths, isOneType(first) ? first : PROPERTY_TYPES.string, types);
  return types === seen ? own : [...own, { column: `${column}${TIME_SUFFIX}`, ...ofOldest(paths, readTime) }];
}

function ownColumns(
  column: string,
  paths: readonly string[],
  own: number,
  types: number,
): readonly PropertyColumn[] {
  const asText = firstOf(paths.map((path) => `CAST(${path}, 'Nullable(String)')`));
  if (types === own) {
    return [{ column, expression: firstOf(paths.map((path) => typedValue(path, own))), present: undefined }];
  }
  if (own !== PROPERTY_TYPES.number && own !== PROPERTY_TYPES.boolean)
    return [{ column, expression: asText, present: undefined }];
  return [
    { column, ...ofOldest(paths, (path) => readValue(path, own)) },
    { column: `${column}${TEXT_SUFFIX}`, expression: asText, present: undefined },
  ];
}

/** The oldest name the row has decides, also where its value cannot be read. */
function ofOldest(
  paths: readonly string[],
  read: (path: string) => string,
): Pick<PropertyColumn, 'expression' | 'present'> {
  const present = paths.map((path) => `isNotNull(${path})`);
  if (paths.length === 1) return { expression: read(paths[0]!), present: present[0]! };
  const branches = paths.map((path, index) => `${present[index]}, ${read(path)}`);
  return { expression: `multiIf(${branches.join(', ')}, NULL)`, present: `(${present.join(' OR ')})` };
}

/** The order of property changes, of a table with the alias p: the last one counts. */
export const WRITE_ORDER = '(p.time, p.received_at, p.origin_partition, p.origin_offset)';

/**
 * The value that was written last, of rows that each have some properties, in their order. NULL is a value where the
 * row has the property, and none where it has not.
 */
export function latestValue({ expression, present }: PropertyColumn): string {
  return present === undefined
    ? `argMax(${expression}, ${WRITE_ORDER})`
    : `tupleElement(argMaxIf(tuple(${expression}), ${WRITE_ORDER}, ${present}), 1)`;
}

function firstOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : `coalesce(${values.join(', ')})`;
}

function isOneType(types: number): boolean {
  return types !== 0 && (types & (types - 1)) === 0;
}

/**
 * The value at a JSON path as one type. Reading a path as a type gives NULL for values of another, so a view
 * that is a moment behind a change of type still answers.
 */
function typedValue(path: string, type: number): string {
  switch (type) {
    case PROPERTY_TYPES.number:
      return `coalesce(${path}.:Float64, toFloat64(${path}.:Int64), toFloat64(${path}.:UInt64))`;
    case PROPERTY_TYPES.string:
      return `${path}.:String`;
    case PROPERTY_TYPES.boolean:
      return `${path}.:Bool`;
    default:
      return `CAST(${path}, 'Nullable(String)')`;
  }
}

/** The same, and a text that says a number or a boolean counts as one. "nan" and "inf" are none: they would be every sum. */
function readValue(path: string, type: number): string {
  const number = `toFloat64OrNull(${path}.:String)`;
  return type === PROPERTY_TYPES.number
    ? `coalesce(${path}.:Float64, toFloat64(${path}.:Int64), toFloat64(${path}.:UInt64), if(isFinite(${number}), ${number}, NULL))`
    : `coalesce(${path}.:Bool, CAST(transform(lower(${path}.:String), ['true', 'false'], [1, 0], NULL), 'Nullable(Bool)'))`;
}

/** A text that says a time, as one. */
function readTime(path: string): string {
  return `if(match(${path}.:String, ${literal(TIME_TEXT.source)}), parseDateTime64BestEffortOrNull(${path}.:String, 3, 'UTC'), NULL)`;
}
