import { readFileSync, writeFileSync } from 'node:fs';
import { PUBLISHED } from './registry.ts';

type Field = { name: string; type: string | { type: string; items?: string }; doc: string };
type RecordSchema = { name: string; doc: string; fields: Field[] };

const TYPE_OF: Readonly<Record<string, string>> = {
  long: 'number',
  int: 'number',
  string: 'string',
  boolean: 'boolean',
  bytes: 'Buffer',
};

function typeOf(type: Field['type']): string {
  if (typeof type === 'string') return TYPE_OF[type] as string;
  return type.type === 'array' ? `${typeOf(type.items as string)}[]` : typeOf(type.type);
}

/** TypeScript types of the newest version of each schema: the schemas are the single source of types. */
export function generateTypes(): string {
  const newest = new Map(PUBLISHED.map(({ name, file }) => [name, file]));
  const types = [...newest.values()].map((file) => {
    const schema = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as RecordSchema;
    const fields = schema.fields.map(
      (field) => `  /** ${field.doc} */\n  ${field.name}: ${typeOf(field.type)};`,
    );
    return `/** ${schema.doc} */\nexport type ${schema.name} = {\n${fields.join('\n')}\n};\n`;
  });
  return `// Generated from the .avsc files by \`npm run generate\`; a test fails when it is stale.\n\n${types.join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('types.ts', import.meta.url), generateTypes());
