import type { Schema } from 'avsc';
import { latestSchema, type SchemaName } from '#schemas/registry.ts';

/** A column of a storage table as DDL and INSERT need it. */
export type Column = { readonly name: string; readonly type: string };

/** What the loader adds to every row, after the record's own fields and in this order. */
export const PROVENANCE: readonly Column[] = [
  { name: 'generation', type: 'UInt16' },
  { name: '_partition', type: 'UInt16' },
  { name: '_offset', type: 'UInt64' },
  { name: 'origin_partition', type: 'UInt16' },
  { name: 'origin_offset', type: 'UInt64' },
];

/** Text with few different values. */
const REPETITIVE = new Set([
  'source',
  'name',
  'type',
  'domain',
  'target_tag',
  'browser',
  'platform',
  'device',
  'device_type',
  'carrier',
  'app_name',
  'app_version',
  'country',
  'region',
  'city',
  'library',
  'app_visibility',
]);

type Field = { readonly name: string; readonly type: unknown };

/** Fields of a schema in the order of their bytes. */
export function fieldsOf(schema: Schema): readonly Field[] {
  return (schema as unknown as { fields: readonly Field[] }).fields;
}

/** ClickHouse type of an Avro field. Ids are unsigned, times are milliseconds. */
export function columnType({ name, type }: Field): string {
  if (name === 'properties') return 'JSON(max_dynamic_paths=256)';
  if (type === 'long') return 'UInt64';
  if (type === 'int') return 'UInt16';
  if (type === 'boolean') return 'Bool';
  if (type === 'string') return REPETITIVE.has(name) ? 'LowCardinality(String)' : 'String';
  if (type === 'bytes') return 'String';
  const { logicalType, items } = type as { logicalType?: string; items?: string };
  if (logicalType === 'timestamp-millis') return "DateTime64(3, 'UTC')";
  return items === 'long' ? 'Array(UInt64)' : 'Array(LowCardinality(String))';
}

export type StoredTable = {
  readonly table: 'events' | 'sessions' | 'user_properties' | 'account_properties';
  readonly schema: SchemaName;
  /** Fields of the schema that become columns, in the schema's order. */
  readonly fields: readonly string[];
  /** Columns the loader computes, after the fields and before provenance. */
  readonly computed: readonly Column[];
};

const fieldNames = (schema: SchemaName, except: readonly string[]): readonly string[] =>
  fieldsOf(latestSchema(schema).json)
    .map(({ name }) => name)
    .filter((name) => !except.includes(name));

export const STORED_TABLES = {
  events: {
    table: 'events',
    schema: 'Collected',
    fields: fieldNames('Collected', ['kind', 'idempotency', 'account_id']),
    computed: [{ name: 'event_table_name', type: 'LowCardinality(String)' }],
  },
  user_properties: {
    table: 'user_properties',
    schema: 'Collected',
    fields: [
      'environment',
      'device_id',
      'event_id',
      'time',
      'received_at',
      'source',
      'identity',
      'client_time',
      'flags',
      'properties',
    ],
    computed: [],
  },
  account_properties: {
    table: 'account_properties',
    schema: 'Collected',
    fields: [
      'environment',
      'device_id',
      'event_id',
      'time',
      'received_at',
      'source',
      'account_id',
      'client_time',
      'flags',
      'properties',
    ],
    computed: [],
  },
  sessions: { table: 'sessions', schema: 'Session', fields: fieldNames('Session', []), computed: [] },
} as const satisfies Record<string, StoredTable>;

/** Columns of a table in the order of its rows' bytes. */
export function columnsOf({ schema, fields, computed }: StoredTable): readonly Column[] {
  const own = fieldsOf(latestSchema(schema).json)
    .filter(({ name }) => fields.includes(name))
    .map((field) => ({ name: field.name, type: columnType(field) }));
  return [...own, ...computed, ...PROVENANCE];
}

/** `INSERT INTO cairn.<table> (...) FORMAT RowBinary` */
export function insertSql(table: StoredTable): string {
  const names = columnsOf(table).map(({ name }) => `\`${name}\``);
  return `INSERT INTO cairn.${table.table} (${names.join(', ')}) FORMAT RowBinary`;
}

/** An INSERT that reads the same bytes and keeps nothing: it tells whether ClickHouse takes them. */
export function trialInsertSql(table: StoredTable): string {
  const structure = columnsOf(table).map(({ name, type }) => `\`${name}\` ${type}`);
  return `INSERT INTO FUNCTION null('${structure.join(', ').replaceAll("'", "\\'")}') FORMAT RowBinary`;
}

/**
 * Settings of an insert that must go in whatever ClickHouse remembers, where rows that come twice change nothing.
 * They win over INSERT_SETTINGS.
 */
export const REPEAT_SETTINGS = { insert_deduplicate: 0, deduplicate_insert: 'disable' } as const;

/** Settings that every insert of the loader pins, so that no server default can undo its guarantees. */
export const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_insert: 'enable',
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: 4_000_000,
  max_insert_block_size_bytes: 0,
  min_insert_block_size_rows: 4_000_000,
  min_insert_block_size_bytes: 4_000_000_000,
  max_partitions_per_insert_block: 0,
  optimize_on_insert: 1,
  input_format_binary_read_json_as_string: 1,
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  input_format_json_try_infer_numbers_from_strings: 0,
  type_json_skip_duplicated_paths: 1,
} as const;
