import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { CommandError } from '../usage-error.ts';
import type { FileText } from './file-text.ts';
import type { Source, SourceRow } from './source.ts';

const ROWS_AT_A_TIME = 500;
const LONGEST_ROW = 8 * 1024 * 1024;

/**
 * A CSV file as RFC 4180 has it: its first row names the columns, and every value is text. An empty cell is no value.
 * Rows without a cell for each column are refused. Throws CommandError where quotes are broken.
 */
export async function openCsv(name: string, file: FileText, delimiter: string): Promise<Source> {
  const parser = parse({
    delimiter,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
  });
  // Errors of the pipeline are thrown by the iteration.
  pipeline(Readable.from(file.text), parser, () => undefined);
  const records = recordsOf(name, parser);
  const first = await records.next();
  if (first.done) throw new CommandError(`Cannot read ${name}: it is empty, not even a row of column names`);
  const columns = first.value.map((column) => column.trim());
  return { columns, rows: rowsOf(records, columns), share: file.share };
}

async function* recordsOf(name: string, parser: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  let records = 0;
  try {
    for await (const record of parser) {
      records += 1;
      yield record;
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    // The parser names the line where it noticed, which is the last one of the file.
    const reason = code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote opens and does not close' : message;
    throw new CommandError(`Cannot read ${name} as CSV, after row ${Math.max(0, records - 1)}: ${reason}`, {
      cause,
    });
  }
}

async function* rowsOf(
  records: AsyncGenerator<string[]>,
  columns: readonly string[],
): AsyncGenerator<readonly SourceRow[]> {
  let rows: SourceRow[] = [];
  let row = 0;
  for await (const record of records) {
    row += 1;
    rows.push(rowOf(record, columns, row));
    if (rows.length < ROWS_AT_A_TIME) continue;
    yield rows;
    rows = [];
  }
  yield rows;
}

function rowOf(record: readonly string[], columns: readonly string[], row: number): SourceRow {
  if (record.length !== columns.length) {
    const refusal = {
      code: 'wrong_cell_count',
      message: `Cannot read the row: want ${columns.length} cells as the first row has, current number is ${record.length}`,
    };
    return { row, refusal, text: JSON.stringify(record) };
  }
  const values: Record<string, unknown> = Object.create(null);
  for (let index = 0; index < record.length; index += 1) {
    if (record[index] !== '') values[columns[index]!] = record[index];
  }
  return { row, values };
}
