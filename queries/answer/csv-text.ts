import type { AnswerTable, Cell } from './answer-table.ts';

/** A table as CSV with a line of titles. Source: RFC 4180. What there is none of is an empty field. */
export function csvText({ columns, rows }: AnswerTable): string {
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** In quotes where it holds what would end it, or where an empty text would be taken for none. */
function field(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
