import type { Readable } from 'node:stream';
import { UsageError } from '../usage-error.ts';
import { openCsv } from './csv-source.ts';
import { readText } from './file-text.ts';
import { openJsonLines } from './json-lines-source.ts';
import { openParquet, type ParquetOptions } from './parquet-source.ts';
import type { Source } from './source.ts';

export const FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
  pq: 'parquet',
};

/** Format of a file by what the option says, else by its name. Throws UsageError. */
export function formatOf(file: string, option: string | undefined): Format {
  const found =
    option === undefined ? BY_EXTENSION[extensionOf(file)] : FORMATS.find((format) => format === option);
  if (found === undefined) {
    throw new UsageError(
      option === undefined
        ? `Cannot tell the format of ${JSON.stringify(file)} by its name: say --format ${FORMATS.join('|')}`
        : `Unknown format ${JSON.stringify(option)}; there is ${FORMATS.join(', ')}`,
    );
  }
  if (found === 'parquet' && file === '-')
    throw new UsageError('Cannot read Parquet from standard input: its index is at its end; name a file');
  return found;
}

/** Opens a file of rows, or standard input for `-`. Throws CommandError where it cannot be read. */
export async function openSource(
  file: string,
  format: Format,
  options: ParquetOptions & {
    readonly delimiter: string | undefined;
    readonly stdin: Readable;
    readonly signal: AbortSignal;
  },
): Promise<Source> {
  const name = file === '-' ? 'standard input' : file;
  if (format === 'parquet') return openParquet(file, options);
  const text = readText(file, options.stdin, options.signal);
  if (format === 'jsonl') return openJsonLines(name, text);
  return openCsv(name, text, options.delimiter ?? (extensionOf(file) === 'tsv' ? '\t' : ','));
}

function extensionOf(file: string): string {
  return /\.([a-z]+)$/.exec(file.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? '';
}
