import type { Schema } from 'avsc';
import { compileSchema } from './registry.ts';

type Field = { name: string; type: unknown; default?: unknown };
type RecordSchema = { name: string; fields: Field[] };

/**
 * What keeps two versions of a schema from being FULL_TRANSITIVE compatible: each must read what the other
 * wrote, and the fields of the older one must come first and unchanged, because stages copy them as bytes.
 * https://docs.confluent.io/platform/current/schema-registry/fundamentals/schema-evolution.html
 */
export function incompatibilities(older: Schema, newer: Schema): string[] {
  const before = older as unknown as RecordSchema;
  const after = newer as unknown as RecordSchema;
  const problems: string[] = [];
  if (before.name !== after.name) problems.push(`the name changed from ${before.name} to ${after.name}`);
  for (const [index, field] of before.fields.entries()) {
    const found = after.fields[index];
    if (found?.name !== field.name)
      problems.push(`field ${index} was ${field.name} and is ${found?.name ?? 'gone'}`);
    else if (JSON.stringify(found.type) !== JSON.stringify(field.type))
      problems.push(`field ${field.name} changed its type`);
  }
  for (const field of after.fields)
    if (!('default' in field)) problems.push(`field ${field.name} has no default`);
  if (problems.length > 0) return problems;
  for (const [reader, writer] of [
    [newer, older],
    [older, newer],
  ] as const) {
    try {
      compileSchema(reader).createResolver(compileSchema(writer));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return problems;
}
