import { readFileSync } from 'node:fs';
import avro, { type Schema, type Type } from 'avsc';
import { Uint53Type } from './uint53-type.ts';

/**
 * Every published schema version with its id in the Confluent wire format. An entry never changes and an id
 * is never used again; a new version is a new line and must be FULL_TRANSITIVE compatible with all before it.
 */
export const PUBLISHED = [
  { id: 1, name: 'Collected', file: 'collected.v1.avsc' },
  { id: 2, name: 'Session', file: 'session.v1.avsc' },
  { id: 3, name: 'Migration', file: 'migration.v1.avsc' },
  { id: 4, name: 'Audit', file: 'audit.v1.avsc' },
  { id: 5, name: 'Rejected', file: 'rejected.v1.avsc' },
  { id: 6, name: 'Block', file: 'block.v1.avsc' },
  { id: 7, name: 'Generation', file: 'generation.v1.avsc' },
  { id: 8, name: 'Generation', file: 'generation.v2.avsc' },
  { id: 9, name: 'Session', file: 'session.v2.avsc' },
  { id: 10, name: 'Collected', file: 'collected.v2.avsc' },
] as const;

export type SchemaName = (typeof PUBLISHED)[number]['name'];

export type PublishedSchema = {
  readonly id: number;
  readonly name: SchemaName;
  readonly json: Schema;
  readonly type: Type;
};

/** Compiles a schema with ids and times as unsigned 53-bit numbers. */
export function compileSchema(json: Schema): Type {
  return avro.Type.forSchema(json, {
    typeHook: (schema) => {
      const isLong =
        schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long');
      // A copy of the options without the hook is not needed: LongType does not recurse.
      return isLong ? new Uint53Type() : undefined;
    },
  });
}

export const schemas: readonly PublishedSchema[] = PUBLISHED.map(({ id, name, file }) => {
  const json = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Schema;
  return { id, name, json, type: compileSchema(json) };
});

const byId = new Map(schemas.map((schema) => [schema.id, schema]));

/** The schema of an id; undefined where the id was never published. */
export function schemaById(id: number): PublishedSchema | undefined {
  return byId.get(id);
}

/** The newest version of a name: what a writer uses. */
export function latestSchema(name: SchemaName): PublishedSchema {
  return schemas.findLast((schema) => schema.name === name) as PublishedSchema;
}
