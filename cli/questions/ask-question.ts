import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type Environment, loadEnvironments } from '#lib/config/environments.ts';
import { readConfig } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import { askLostUsers } from '#queries/answer/lost-users.ts';
import { type Answer, answerQuestion, questionQuery } from '#queries/answer.ts';
import { askWithin } from '#queries/ask-clickhouse.ts';
import type { QueryLimits } from '#queries/limits.ts';
import { parseQuestion } from '#queries/parse-question.ts';
import type { Ask } from '#queries/query.ts';
import { limitsOf, QUERY_SETTINGS } from '#queries/query-settings.ts';
import { QuestionError } from '#queries/question-error.ts';
import type { Question } from '#queries/questions.ts';
import type { Problem } from '#queries/written/place.ts';
import { clickHouseFailure, openClickHouse } from '../clickhouse-access.ts';
import { type Context, INTERRUPTED } from '../command.ts';
import { locateStack } from '../locate-stack.ts';
import { environmentOf, queryText } from '../question.ts';
import { readStackSettings } from '../stack-settings.ts';
import { UsageError } from '../usage-error.ts';
import { printAnswer } from './print-answer.ts';
import { optionProblem } from './problem-option.ts';
import { progressLine } from './progress-line.ts';
import { readDefinitionsOf } from './question-definitions.ts';
import type { WrittenFields } from './written-fields.ts';

/** How a question is asked and its answer shown. */
export type AnswerValues = {
  readonly env: string | undefined;
  readonly definitions: string | undefined;
  readonly 'max-seconds': string | undefined;
  readonly json: boolean;
  readonly csv: boolean;
  readonly sql: boolean;
};

/** Values of the options that every command has that makes a question. */
export type AskValues = AnswerValues & {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly among: readonly string[];
  readonly save: string | undefined;
};

export type AskedQuestion = {
  readonly question: Question;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** Also whom the funnel lost after a step. */
  readonly lost?: LostAfter | undefined;
};

/** Whom of a funnel to list: step, from 1, and how many. */
export type LostAfter = { readonly after: number; readonly limit: number };

/**
 * Asks a question that a command line has made, and prints the answer. `options` names the option of a written key where it is not the
 * key itself. Returns the exit code.
 */
export async function askCommandLine(
  written: WrittenFields,
  values: AskValues,
  context: Context,
  options: Readonly<Record<string, string>>,
  lost?: LostAfter,
): Promise<number> {
  const { from, to, among, env, save } = values;
  const whole: WrittenFields = {
    ...(env === undefined ? {} : { environment: env }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(among.length === 0 ? {} : { among }),
    ...written,
  };
  const question = readQuestion(whole, values, context, (problem) => optionProblem(problem, options));
  if (save !== undefined) await saveQuestion({ ask: written['ask'] ?? '', ...whole }, save, context);
  return askQuestions([{ ...question, lost }], values, context);
}

/** Reads a written question for the environment of `--env`. Throws UsageError with every problem. */
export function readQuestion(
  written: unknown,
  { env, definitions }: Pick<AnswerValues, 'env' | 'definitions'>,
  context: Context,
  problemText: (problem: Problem) => string,
): AskedQuestion {
  const parsed = parseQuestion(withEnvironment(written, env, context), {
    nowMs: Date.now(),
    environments: environmentsOf(context),
    definitions: readDefinitionsOf(definitions, written),
  });
  if (parsed.problems !== undefined) throw new UsageError(parsed.problems.map(problemText).join('\n'));
  for (const warning of parsed.warnings) {
    context.stderr.write(`${problemText(warning).replace(/^Cannot read/, 'Note on')}\n`);
  }
  const { question, title, description } = parsed;
  return { question, title, description };
}

/** `--env` wins over what is written; where neither names one, there is one. */
function withEnvironment(written: unknown, env: string | undefined, context: Context): unknown {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return written;
  const named = 'environment' in written && written.environment !== null;
  return named && env === undefined ? written : { ...written, environment: environmentOf(context, env).name };
}

function environmentsOf({ env }: Context): readonly Environment[] {
  try {
    return loadEnvironments(readStackSettings(env).CAIRN_ENVIRONMENTS);
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error;
  }
}

async function saveQuestion(written: WrittenFields, file: string, { stderr }: Context): Promise<void> {
  try {
    await writeFile(file, stringify(written), { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'EEXIST'
        ? `Cannot save to ${file}: it is there already`
        : `Cannot save to ${file}: ${message}`,
    );
  }
  stderr.write(`Saved: ask it again with cairn ask ${file}\n`);
}

/** Asks questions one after another and prints their answers. */
export async function askQuestions(
  questions: readonly AskedQuestion[],
  values: AnswerValues,
  context: Context,
): Promise<number> {
  if (values.csv && values.json) throw new UsageError('Choose one: --csv or --json');
  if (values.csv && questions.some(({ lost }) => lost !== undefined))
    throw new UsageError('Choose one: --csv or --list-lost, as two tables are not one');
  const queries = questions.map(({ question }) => buildQuery(question));
  if (values.sql) {
    context.stdout.write(
      queries.map((query) => queryText(query, values.json)).join(values.json ? '' : ';\n'),
    );
    return 0;
  }
  const limits = limitsFor(values['max-seconds'], context);
  const { clickhouseUrl } = await locateStack(context, ['clickhouse']);
  const clickhouse = openClickHouse(clickhouseUrl, 1000 * limits.maxSeconds + 30_000);
  const progress = progressLine(context.stderr);
  const ask = askWithin(clickhouse, { limits, signal: context.signal, onProgress: progress.show });
  try {
    for (const [index, asked] of questions.entries()) {
      const answer = await answerOf(ask, asked);
      progress.clear();
      if (index > 0 && !values.json) context.stdout.write('\n');
      context.stdout.write(printAnswer(answer, asked, values));
    }
    return 0;
  } catch (error) {
    progress.clear();
    if (context.signal.aborted) return INTERRUPTED;
    throw clickHouseFailure(error);
  } finally {
    await clickhouse.close();
  }
}

async function answerOf(ask: Ask, { question, lost }: AskedQuestion): Promise<Answer> {
  const answer = await answerQuestion(ask, question, Date.now());
  if (lost === undefined || answer.ask !== 'funnel' || question.ask !== 'funnel') return answer;
  return { ...answer, lost: await askLostUsers(ask, question, lost.after, lost.limit) };
}

function buildQuery(question: Question) {
  try {
    return questionQuery(question);
  } catch (error) {
    throw error instanceof QuestionError ? new UsageError(error.message) : error;
  }
}

/** Limits of questions as settings and `--max-seconds` say. Throws UsageError. */
export function limitsFor(maxSeconds: string | undefined, { env }: Context): QueryLimits {
  const variables = maxSeconds === undefined ? env : { ...env, CAIRN_QUERY_MAX_SECONDS: maxSeconds };
  try {
    return limitsOf(readConfig(QUERY_SETTINGS, variables));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(
      maxSeconds === undefined
        ? error.message
        : error.message.replace('CAIRN_QUERY_MAX_SECONDS', '--max-seconds'),
    );
  }
}
