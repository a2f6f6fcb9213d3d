import type { Query } from './query.ts';

type Value = Query['params'][string];

/**
 * The question as one statement to read, or to paste into `cairn sql`: every parameter is written out as a
 * literal. (Identifiers are names of environments, which hold nothing to escape.) What is executed is the question itself, never this text.
 */
export function inlineParams({ sql, params }: Query): string {
  return sql.replaceAll(/\{(\w+):([^{}]+)\}/g, (parameter, name: string, type: string) => {
    const value = params[name];
    if (value === undefined) return parameter;
    return type === 'Identifier' ? `\`${value}\`` : literal(value);
  });
}

function literal(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return `[${value.map(literal).join(', ')}]`;
}
