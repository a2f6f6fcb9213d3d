import { columnName, isAddressable } from '#schemas/names.ts';
import { identifier } from './sql-text.ts';

/** Types a property has been seen with, as a set of bits. */
export const PROPERTY_TYPES = { number: 1, string: 2, boolean: 4, other: 8 } as const;

/** A property of the names registry. */
export type Property = {
  readonly name: string;
  /** Set of PROPERTY_TYPES. */
  readonly types: number;
  /** Receive time of the first record that had it. Epoch ms UTC. */
  readonly firstSeenMs: number;
};

/** A column of a view: one property, or several whose names become the same column. */
export type PropertyColumn = {
  readonly column: string;
  /** Expression over a row's JSON, of the column's type, NULL where the row has none of the properties. */
  readonly expression: string;
};

const byFirstSeen = (a: Property, b: Property) =>
  a.firstSeenMs - b.firstSeenMs || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Columns of properties, oldest property first. A column that would hide a built-in one gets `_property`. Where
 * several names become one column, a row's value is that of the oldest name it has. `json` is the expression of
 * the row's JSON column. A property that is not addressable has no column.
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
  return [...byColumn].map(([column, sharing]) => {
    const types = sharing.reduce((set, property) => set | property.types, 0);
    const values = sharing.map(({ name }) => typedValue(`${json}.${identifier(name)}`, types));
    return { column, expression: values.length === 1 ? values[0]! : `coalesce(${values.join(', ')})` };
  });
}

/**
 * The value at a JSON path as one type. Reading a path as a type gives NULL for values of another, so a view
 * that is a moment behind a change of type still answers.
 */
function typedValue(path: string, types: number): string {
  switch (types) {
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
