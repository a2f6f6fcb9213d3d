import {
  FIELD_SEPARATOR,
  PART_SEPARATOR,
  PROPERTY_SEPARATOR,
  ROW_FIELDS,
  type RowField,
  type RowTable,
} from '#queries/stored-rows.ts';
import { eventTableName } from '#schemas/names.ts';
import type { Collected } from '#schemas/types.ts';

/** From here on ClickHouse's JSON has no integer for a number. */
const PAST_INTEGERS = 2 ** 63;

/** Values of the row that a record must become, as text, in the order of ROW_FIELDS. */
export function rowValues(table: RowTable, record: Collected): string[] {
  return ROW_FIELDS[table].map((field) => valueText(field, record));
}

/** The row as one text, as ClickHouse writes it for its checksum. */
export function rowText(offset: number, values: readonly string[]): string {
  return `${offset}${FIELD_SEPARATOR}${values.join(FIELD_SEPARATOR)}`;
}

function valueText({ name, form }: RowField, record: Collected): string {
  if (name === 'event_table_name') return eventTableName(record.name, record.type);
  const value = record[name as keyof Collected];
  switch (form) {
    case 'flag':
      return value ? '1' : '0';
    case 'list':
      return (value as string[]).join(',');
    case 'properties':
      return propertiesText(value as string);
    default:
      return String(value);
  }
}

/** Properties with a value, by path; texts without halves of surrogate pairs, as they are stored. */
export function readProperties(json: string): [name: string, value: string | number | boolean][] {
  if (json === '{}') return [];
  const entries = Object.entries(JSON.parse(json) as Record<string, string | number | boolean | null>);
  return entries
    .filter((entry): entry is [string, string | number | boolean] => entry[1] !== null)
    .map(([name, value]) => [
      name.toWellFormed(),
      typeof value === 'string' ? value.toWellFormed() : finite(value),
    ]);
}

function finite<T extends number | boolean>(value: T): T | number {
  return typeof value === 'number' && !Number.isFinite(value) ? Math.sign(value) * Number.MAX_VALUE : value;
}

function propertiesText(json: string): string {
  return readProperties(json)
    .sort(([left], [right]) => compareBytes(left, right))
    .map(([name, value]) => [name, storedType(value), scalarText(value)].join(PART_SEPARATOR))
    .join(PROPERTY_SEPARATOR);
}

/** Order by UTF-8 bytes. It differs from that of UTF-16 only where there are surrogates. */
export function compareBytes(left: string, right: string): number {
  if (left === right) return 0;
  const isPlain = !/[\ud800-\udfff]/.test(left) && !/[\ud800-\udfff]/.test(right);
  if (isPlain) return left < right ? -1 : 1;
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function storedType(value: string | number | boolean): string {
  if (typeof value === 'string') return 'String';
  if (typeof value === 'boolean') return 'Bool';
  return Number.isInteger(value) && Math.abs(value) < PAST_INTEGERS ? 'Int64' : 'Float64';
}

/** A value as ClickHouse writes it: numbers as JavaScript does, but for the plus sign of an exponent. */
export function scalarText(value: string | number | boolean): string {
  return typeof value === 'number' ? String(value).replace('e+', 'e') : String(value);
}
