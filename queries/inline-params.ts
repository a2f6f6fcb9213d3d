import type { Query } from './query.ts';

type Value = Query['params'][string];

/**
 * The question as one statement to read, or to paste into `cairn sql`: every parameter is written out as a
 * literal. What is executed is the question itself, never this text.
 */
export function inlineParams({ sql, params }: Query): string {
  return sql.replaceAll(/\{(\w+):[^{}]+\}/g, (parameter, name: string) => {
    const value = params[name];
    return value === undefined ? parameter : literal(value);
  });
}

function literal(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return `[${value.map(literal).join(', ')}]`;
}
