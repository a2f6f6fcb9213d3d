import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { CommandError } from '../usage-error.ts';
import { decimalScale, decimalValue, PARQUET_PARSERS, plainValue } from './parquet-value.ts';
import type { Source, SourceRow } from './source.ts';

const ROWS_AT_A_TIME = 500;

export type ParquetOptions = {
  /** Columns whose values are needed: the others are not read. */
  readonly isWanted: (column: string) => boolean;
  /** First row that is needed: row groups before it are not read. */
  readonly fromRow: number;
};

type Column = { readonly name: string; readonly read: (value: unknown) => unknown };

/**
 * A Parquet file, one row group in memory at a time, of that the wanted columns only. Throws CommandError where
 * it is no Parquet file or has what cannot be read.
 */
export async function openParquet(name: string, options: ParquetOptions): Promise<Source> {
  const file = await asyncBufferFromFile(name).catch((cause) => fail(name, cause));
  const metadata = await parquetMetadataAsync(file, { geoparquet: false }).catch((cause) =>
    fail(name, cause),
  );
  const columns = parquetSchema(metadata).children.map(({ element, children }) => {
    const scale = children.length === 0 ? decimalScale(element) : undefined;
    if (scale !== undefined) {
      // Decoded by the library a decimal is a product of doubles, 0.30000000000000004; its digits are read instead.
      delete element.converted_type;
      delete element.logical_type;
    }
    const { name } = element;
    if (scale !== undefined) return { name, read: (value: unknown) => decimalValue(value, scale) };
    return { name, read: hasLargeIntegers(metadata, name) ? integerText : plainValue };
  });
  const total = Number(metadata.num_rows);
  let read = 0;
  return {
    columns: columns.map((column) => column.name),
    share: () => (total === 0 ? 1 : read / total),
    rows: rows(),
  };

  async function* rows(): AsyncGenerator<readonly SourceRow[]> {
    const wanted = columns.filter((column) => options.isWanted(column.name));
    let start = 0;
    for (const group of metadata.row_groups) {
      const end = start + Number(group.num_rows);
      if (end >= options.fromRow) {
        const values = await readGroup(file, metadata, wanted, start, end).catch((cause) =>
          fail(name, cause),
        );
        for (let at = start; at < end; at += ROWS_AT_A_TIME) {
          yield slice(wanted, values, start, at, Math.min(end, at + ROWS_AT_A_TIME));
          read = Math.min(end, at + ROWS_AT_A_TIME);
        }
      }
      start = end;
      read = end;
    }
  }
}

/** Whether the file says that a column has an integer which a JavaScript number cannot hold: then all are text. */
function hasLargeIntegers({ row_groups }: FileMetaData, name: string): boolean {
  return row_groups.some(({ columns }) =>
    columns.some(({ meta_data: about }) => {
      if (about === undefined || about.path_in_schema.length > 1 || about.path_in_schema[0] !== name)
        return false;
      const { min_value, max_value, min, max } = about.statistics ?? {};
      return [min_value, max_value, min, max].some(
        (bound) => typeof bound === 'bigint' && !Number.isSafeInteger(Number(bound)),
      );
    }),
  );
}

function integerText(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : plainValue(value);
}

/** Values of each wanted column, in pieces: the first row of a piece, and its values. */
type GroupValues = ReadonlyMap<string, (readonly [firstRow: number, values: ArrayLike<unknown>])[]>;

async function readGroup(
  file: Parameters<typeof parquetRead>[0]['file'],
  metadata: FileMetaData,
  wanted: readonly Column[],
  rowStart: number,
  rowEnd: number,
): Promise<GroupValues> {
  const values = new Map(
    wanted.map(({ name }) => [name, [] as (readonly [number, ArrayLike<unknown>])[]] as const),
  );
  await parquetRead({
    file,
    metadata,
    columns: wanted.map(({ name }) => name),
    rowStart,
    rowEnd,
    compressors,
    parsers: PARQUET_PARSERS,
    utf8: false,
    geoparquet: false,
    onChunk: ({ columnName, columnData, rowStart: first }) =>
      values.get(columnName)?.push([first, columnData]),
  });
  return values;
}

function slice(
  wanted: readonly Column[],
  values: GroupValues,
  groupStart: number,
  start: number,
  end: number,
): readonly SourceRow[] {
  const rows = Array.from({ length: end - start }, () => Object.create(null) as Record<string, unknown>);
  for (const { name, read } of wanted) {
    for (const [first, piece] of values.get(name) ?? []) {
      const from = Math.max(start, first, groupStart);
      const to = Math.min(end, first + piece.length);
      for (let row = from; row < to; row += 1) rows[row - start]![name] = read(piece[row - first]);
    }
  }
  return rows.map((row, index) => ({ row: start + index + 1, values: row }));
}

function fail(name: string, cause: unknown): never {
  throw new CommandError(`Cannot read ${name} as Parquet: ${(cause as Error).message}`, { cause });
}
