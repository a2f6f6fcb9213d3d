import { columnName, isAddressable } from '#schemas/names.ts';
import { identifier } from './sql-text.ts';

/** Types that values of a property have, as bits of a set. */
export const PROPERTY_TYPES = { number: 1, string: 2, boolean: 4, other: 8 } as const;

/** A property of the names registry. */
export type Property = {
  readonly name: string;
  /** Set of PROPERTY_TYPES it has been seen with. */
  readonly types: number;
  /** Receive time of the first record that had it. Epoch ms UTC. */
  readonly firstSeenMs: number;
  /** When it was registered, in ms, times 16, and the types it was registered with. */
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

/** End of the second column of a property: two underscores, which no property's own column has. */
export const TEXT_SUFFIX = '__text';

/**
 * Columns of properties, oldest property first. A column that would hide a built-in one gets `_property`. Where
 * several names become one column, a row's value is that of the oldest name it has. `json` is the expression of
 * the row's JSON column. A property that is not addressable has no column.
 *
 * A column keeps the type that its name, or the first of several, was registered with: a query that was right yesterday must not fail
 * for a value that came today. A number or boolean that gets a value of another type shows it where it can be read
 * as its own type, else NULL, and from then on has a second column, `<column>__text`, with every value as text.
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
  const types = sharing.reduce((set, property) => set | property.types, 0);
  const first = Math.min(...sharing.map(({ firstTyped }) => firstTyped)) % 16;
  const own = isOneType(first) ? first : PROPERTY_TYPES.string;
  const paths = sharing.map(({ name }) => `${json}.${identifier(name)}`);
  const asText = firstOf(paths.map((path) => `CAST(${path}, 'Nullable(String)')`));
  if (types === own) {
    return [{ column, expression: firstOf(paths.map((path) => typedValue(path, own))), present: undefined }];
  }
  if (own !== PROPERTY_TYPES.number && own !== PROPERTY_TYPES.boolean)
    return [{ column, expression: asText, present: undefined }];
  // The oldest name the row has decides, also where its value is not of the column's type.
  const present = paths.map((path) => `isNotNull(${path})`);
  const values = paths.map((path) => readValue(path, own));
  const expression =
    paths.length === 1
      ? values[0]!
      : `multiIf(${paths.map((_, index) => `${present[index]}, ${values[index]}`).join(', ')}, NULL)`;
  return [
    { column, expression, present: present.length === 1 ? present[0]! : `(${present.join(' OR ')})` },
    { column: `${column}${TEXT_SUFFIX}`, expression: asText, present: undefined },
  ];
}

/**
 * The value that was written last, of rows that each have some properties, by an order of rows. NULL is a value
 * where the row has the property, and none where it has not.
 */
export function latestValue({ expression, present }: PropertyColumn, order: string): string {
  return present === undefined
    ? `argMax(${expression}, ${order})`
    : `tupleElement(argMaxIf(tuple(${expression}), ${order}, ${present}), 1)`;
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

/** The same, and a text that says a number or a boolean counts as one. */
function readValue(path: string, type: number): string {
  return type === PROPERTY_TYPES.number
    ? `coalesce(${path}.:Float64, toFloat64(${path}.:Int64), toFloat64(${path}.:UInt64), toFloat64OrNull(${path}.:String))`
    : `coalesce(${path}.:Bool, CAST(transform(lower(${path}.:String), ['true', 'false'], [1, 0], NULL), 'Nullable(Bool)'))`;
}
