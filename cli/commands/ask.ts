import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseDocument } from 'yaml';
import { problemText } from '#queries/written/place.ts';
import { type Context, defineCommand } from '../command.ts';
import { type AskedQuestion, askQuestions, readQuestion } from '../questions/ask-question.ts';
import { ANSWER_OPTIONS } from '../questions/question-options.ts';
import { RANGE_OPTIONS } from '../time-range.ts';
import { UsageError } from '../usage-error.ts';

/** Files that one call asks. */
const MOST_FILES = 1000;

export const ask = defineCommand({
  usage: 'FILE ... [--from T] [--to T]',
  about: `Asks the questions of files, YAML or JSON, of any kind: what --save of the other commands writes, and docs/QUESTIONS.md
describes. - reads one from stdin. --from, --to and --env win over what a file says. With --json a line for each file.`,
  options: { ...RANGE_OPTIONS, ...ANSWER_OPTIONS },
  maxArguments: MOST_FILES,
  handlesStop: true,
  examples: [
    ['ask signup.yaml', 'a saved question'],
    ['ask questions/*.yaml --from -7d --json', 'several, about the last week'],
    ['ask signup.yaml --sql', 'the query behind it'],
  ],
  async run(values, files, context) {
    if (files.length === 0)
      throw new UsageError('A file is missing: give the files of questions, or - for stdin');
    if (values.csv && files.length > 1)
      throw new UsageError('Give one file with --csv: several tables are not one');
    const questions: AskedQuestion[] = [];
    for (const file of files) questions.push(await readFileOf(file, values, context));
    return askQuestions(questions, values, context);
  },
});

type Overrides = {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly env: string | undefined;
  readonly definitions: string | undefined;
};

async function readFileOf(file: string, values: Overrides, context: Context): Promise<AskedQuestion> {
  const { from, to } = values;
  const written = parseFile(file, await contentOf(file, context));
  const overridden =
    typeof written === 'object' && written !== null && !Array.isArray(written)
      ? { ...written, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      : written;
  const asked = readQuestion(overridden, values, context, (problem) => `${file}: ${problemText(problem)}`);
  return { ...asked, title: asked.title ?? file };
}

async function contentOf(file: string, { stdin }: Context): Promise<string> {
  try {
    return file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: ${(error as Error).message}`);
  }
}

/** YAML, of which JSON is a part. */
function parseFile(file: string, content: string): unknown {
  try {
    const document = parseDocument(content);
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const written: unknown = document.toJS();
    // An anchor may stand within itself, which no question does: JSON says so.
    JSON.stringify(written);
    return written;
  } catch (error) {
    const why = error instanceof TypeError ? 'a part of it holds itself' : (error as Error).message.trimEnd();
    throw new UsageError(`Cannot read ${file}: ${why}`);
  }
}
