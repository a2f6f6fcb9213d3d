import { CommandError } from '../usage-error.ts';
import { parseExactJson } from './exact-json.ts';
import type { FileText } from './file-text.ts';
import type { Source, SourceRow, Values } from './source.ts';

const LONGEST_LINE = 8 * 1024 * 1024;

/** A file of one JSON object a line. A line that is none is refused, an empty one passed over. */
export function openJsonLines(name: string, file: FileText): Source {
  return { columns: undefined, rows: rowsOf(name, file.text), share: file.share };
}

async function* rowsOf(name: string, text: AsyncIterable<string>): AsyncGenerator<readonly SourceRow[]> {
  let row = 0;
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      throw new CommandError(
        `Cannot read ${name}: line ${row + lines.length + 1} is longer than ${LONGEST_LINE} characters`,
      );
    }
    const rows: SourceRow[] = [];
    for (const line of lines) {
      row += 1;
      if (line.trim() !== '') rows.push(rowOf(line, row));
    }
    yield rows;
  }
  if (rest.trim() !== '') yield [rowOf(rest, row + 1)];
}

function rowOf(line: string, row: number): SourceRow {
  const refuse = (code: string, message: string) => ({ row, refusal: { code, message }, text: line });
  let value: unknown;
  try {
    value = parseExactJson(line);
  } catch (cause) {
    return refuse('malformed_json', `Cannot read the line as JSON: ${(cause as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('invalid_row', 'Cannot read the line: want a JSON object');
  return { row, values: value as Values };
}
