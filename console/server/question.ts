import type { Environment } from '#lib/config/environments.ts';
import { retentionAnswer } from '#queries/answer/retention-answer.ts';
import type { RetentionRow } from '#queries/answers.ts';
import { type FunnelRow, funnelQuery } from '#queries/funnel.ts';
import { parseQuestion } from '#queries/parse-question.ts';
import type { Query } from '#queries/query.ts';
import type { Question } from '#queries/questions.ts';
import { retentionQuery } from '#queries/retention.ts';
import { problemText } from '#queries/written/place.ts';
import { AnswerError } from './answers.ts';

export type Asked = {
  readonly question: Question;
  readonly query: Query;
  readonly warnings: readonly string[];
};

/** The query of a written question. Throws AnswerError with everything that is wrong. */
export function queryOf(written: unknown, environment: Environment, nowMs: number): Asked {
  const { question, warnings, problems } = {
    warnings: [],
    ...parseQuestion(written, { nowMs, environments: [environment] }),
  };
  if (question === undefined)
    throw new AnswerError(400, 'bad_question', (problems ?? []).map(problemText).join('\n'));
  try {
    return { question, query: builtQuery(question), warnings: warnings.map(problemText) };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AnswerError(400, 'bad_question', cause.message, { cause });
  }
}

function builtQuery(question: Question): Query {
  if (question.ask === 'retention') return retentionQuery(question);
  if (question.ask === 'funnel') return funnelQuery({ ...question, by: undefined, every: undefined });
  throw new RangeError(`Cannot ask here: the console does not show ${question.ask} yet`);
}

/** The answer, as the command line gives it with --json. */
export function answerOf({ question }: Asked, rows: readonly unknown[]): unknown {
  if (question.ask === 'retention') return retentionAnswer(question, rows as readonly RetentionRow[]);
  const steps = question.ask === 'funnel' ? question.steps : [];
  const { counts = [] } = (rows as readonly FunnelRow[])[0] ?? {};
  return { steps: steps.map(({ label }, index) => ({ name: label, count: counts[index] ?? 0 })) };
}
