import { latestSchema } from '#schemas/registry.ts';
import type { Query } from './query.ts';

/** Tables with a row for each record of the log. */
export const ROW_TABLES = ['events', 'user_properties', 'account_properties'] as const;
export type RowTable = (typeof ROW_TABLES)[number];

type Form = 'text' | 'number' | 'flag' | 'time' | 'list' | 'properties';

/** A column and how it is written as text, on both sides of a comparison. */
export type RowField = { readonly name: string; readonly form: Form };

type AvroField = { readonly name: string; readonly type: unknown };

const formOf = ({ name, type }: AvroField): Form => {
  if (name === 'properties') return 'properties';
  if (type === 'boolean') return 'flag';
  if (type === 'long' || type === 'int') return 'number';
  if (typeof type === 'string') return 'text';
  return (type as { logicalType?: string }).logicalType === 'timestamp-millis' ? 'time' : 'list';
};

const COLLECTED: readonly RowField[] = (
  latestSchema('Collected').json as unknown as { fields: readonly AvroField[] }
).fields.map((field) => ({ name: field.name, form: formOf(field) }));

const CHANGE_COLUMNS = [
  'environment',
  'device_id',
  'event_id',
  'time',
  'received_at',
  'source',
  'client_time',
  'flags',
  'properties',
];

const only = (names: readonly string[]) => COLLECTED.filter(({ name }) => names.includes(name));

/**
 * Columns that a record decides, in the order of the text of a row. Not the stored user id, which the squash rewrites
 * and no reader sees: whose an event is follows from its device and the bindings.
 */
export const ROW_FIELDS: Readonly<Record<RowTable, readonly RowField[]>> = {
  events: [
    ...COLLECTED.filter(({ name }) => !['user_id', 'kind', 'idempotency', 'account_id'].includes(name)),
    { name: 'event_table_name', form: 'text' },
  ],
  user_properties: only([...CHANGE_COLUMNS, 'identity']),
  account_properties: only([...CHANGE_COLUMNS, 'account_id']),
};

/** What lies between the values of a row, between the properties of one, and within one: never part of a name. */
export const FIELD_SEPARATOR = '\x1f';
export const PROPERTY_SEPARATOR = '\x1e';
export const PART_SEPARATOR = '\x1d';

const sqlText = (text: string) => `'\\x${text.charCodeAt(0).toString(16)}'`;

/**
 * JSON keeps neither the order of keys nor their text, so properties are compared as path, type and value of
 * each, by path.
 */
const PROPERTIES_TEXT = `arrayStringConcat(arrayMap((path, type, value) ->
  concat(path, ${sqlText(PART_SEPARATOR)}, type, ${sqlText(PART_SEPARATOR)}, value),
  JSONAllPaths(properties), mapValues(JSONAllPathsWithTypes(properties)), JSONAllValues(properties)), ${sqlText(PROPERTY_SEPARATOR)})`;

const SQL_OF_FORM: Readonly<Record<Form, (column: string) => string>> = {
  text: (column) => `toString(${column})`,
  number: (column) => `toString(${column})`,
  flag: (column) => `toString(toUInt8(${column}))`,
  time: (column) => `toString(toUnixTimestamp64Milli(${column}))`,
  list: (column) => `arrayStringConcat(${column}, ',')`,
  properties: () => PROPERTIES_TEXT,
};

const valuesSql = (table: RowTable) =>
  ROW_FIELDS[table].map(({ name, form }) => SQL_OF_FORM[form](`\`${name}\``)).join(', ');

const WHERE = `generation = {generation:UInt16} AND origin_partition = {partition:UInt16}`;

/** Rows that come from a range of offsets of the log, in one number. */
export type ChecksumRow = {
  /** Offset divided by the size of a range. */
  readonly range: number;
  readonly rows: number;
  /** Sum, modulo 2^64, of the first eight bytes of the MD5 of each row's text: the order of rows does not matter. */
  readonly checksum: string;
};

/** Checksums of the rows of one partition before an offset: one pass over the table. */
export function checksumsQuery(
  table: RowTable,
  at: { generation: number; partition: number; before: bigint; rangeSize: number },
): Query {
  const { generation, partition, before, rangeSize } = at;
  return {
    sql: `SELECT intDiv(origin_offset, {size:UInt32}) AS range, count() AS rows,
  toString(sum(halfMD5(concatWithSeparator(${sqlText(FIELD_SEPARATOR)}, toString(origin_offset), ${valuesSql(table)})))) AS checksum
FROM cairn.${table} WHERE ${WHERE} AND origin_offset < {before:UInt64} GROUP BY range ORDER BY range`,
    params: { generation, partition, before: Number(before), size: rangeSize },
  };
}

/** A row as the texts of its values, in the order of ROW_FIELDS. */
export type StoredRow = { readonly offset: number; readonly values: readonly string[] };

/** The rows of a range of offsets, from `from` up to and without `to`. */
export function rowsQuery(
  table: RowTable,
  at: { generation: number; partition: number; from: bigint; to: bigint },
): Query {
  const { generation, partition, from, to } = at;
  return {
    sql: `SELECT origin_offset AS offset, [${valuesSql(table)}] AS values
FROM cairn.${table} WHERE ${WHERE} AND origin_offset >= {from:UInt64} AND origin_offset < {to:UInt64} ORDER BY offset`,
    params: { generation, partition, from: Number(from), to: Number(to) },
  };
}
