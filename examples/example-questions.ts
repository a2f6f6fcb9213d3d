import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const EXAMPLES = ['shop', 'saas'] as const;

/** One question of an example: the same asked as a written question and in SQL. */
export type ExampleQuestion = {
  readonly example: (typeof EXAMPLES)[number];
  /** File name without its ending. */
  readonly name: string;
  /** What the file says, as a YAML parser gives it. */
  readonly written: { readonly ask: string; readonly title: string; readonly description?: string };
  readonly sql: string;
};

const HERE = new URL('.', import.meta.url);

/** Every question of the examples, in the order of their names. */
export function exampleQuestions(): readonly ExampleQuestion[] {
  return EXAMPLES.flatMap((example) => {
    const folder = new URL(`${example}/questions/`, HERE);
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .map((file) => ({
        example,
        name: file.slice(0, -'.yaml'.length),
        written: parse(readFileSync(new URL(file, folder), 'utf8')),
        sql: readFileSync(new URL(file.replace('.yaml', '.sql'), folder), 'utf8'),
      }));
  });
}

/** Where the picture of a question is. */
export function pictureOf({ example, name }: ExampleQuestion): URL {
  return new URL(`${example}/pictures/${name}.svg`, HERE);
}
