import { identifier, literal } from '#lib/clickhouse/sql-text.ts';
import type { Query } from './query.ts';

type Value = Query['params'][string];

/**
 * The question as one statement to read, or to paste into `cairn sql`: every parameter is written out as a
 * literal. A question is executed as it is, never as this text; a view cannot have parameters and is made of it.
 */
export function inlineParams({ sql, params }: Query): string {
  return sql.replaceAll(/\{(\w+):([^{}]+)\}/g, (parameter, name: string, type: string) => {
    const value = params[name];
    if (value === undefined) return parameter;
    return type === 'Identifier' ? identifier(String(value)) : valueText(value);
  });
}

function valueText(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return literal(value);
  return `[${value.map(valueText).join(', ')}]`;
}
