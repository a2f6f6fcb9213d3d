import { accountsQuery } from './accounts.ts';
import { type AccountsAnswer, accountsAnswer } from './answer/accounts-answer.ts';
import { type CohortAnswer, cohortAnswer } from './answer/cohort-answer.ts';
import { type FunnelAnswer, funnelAnswer } from './answer/funnel-answer.ts';
import { type PathsAnswer, pathsAnswer } from './answer/paths-answer.ts';
import { type RetentionAnswer, retentionAnswer } from './answer/retention-answer.ts';
import { type SessionsAnswer, sessionsAnswer } from './answer/sessions-answer.ts';
import { type TrendAnswer, trendAnswer } from './answer/trend-answer.ts';
import type { AccountRow, PathRow, RetentionRow, SessionsRow, TrendRow } from './answers.ts';
import { checkNames } from './check-names.ts';
import { type CohortRow, cohortQuery } from './cohort.ts';
import { fillTrend } from './fill-trend.ts';
import { type FunnelRow, funnelQuery } from './funnel.ts';
import { pathsQuery } from './paths.ts';
import type { Ask, Query } from './query.ts';
import { QuestionError } from './question-error.ts';
import type { Question } from './questions.ts';
import { retentionQuery } from './retention.ts';
import { sessionsQuery } from './sessions.ts';
import { trendQuery } from './trend.ts';

/** What people are told, by command line and console alike. */
export type Answer =
  | FunnelAnswer
  | RetentionAnswer
  | PathsAnswer
  | CohortAnswer
  | TrendAnswer
  | SessionsAnswer
  | AccountsAnswer;

/** The query behind a question. Throws QuestionError where it cannot be asked. */
export function questionQuery(question: Question): Query {
  return refusing(() => queryOf(question));
}

/** What cannot be asked is no bug. */
function refusing<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new QuestionError(error.message, { cause: error }) : error;
  }
}

function queryOf(question: Question): Query {
  switch (question.ask) {
    case 'funnel':
      return funnelQuery(question);
    case 'retention':
      return retentionQuery(question);
    case 'paths':
      return pathsQuery(question);
    case 'cohort':
      return cohortQuery(question);
    case 'trend':
      return trendQuery(question);
    case 'sessions':
      return sessionsQuery(question);
    case 'accounts':
      return accountsQuery(question);
  }
}

/**
 * Asks a question and says what came of it. What is unique in each period but not over all of them is asked for twice, with `every` and
 * without it. `nowMs` is where a trend without an end ends. Throws QuestionError where the question cannot be asked, or names an event
 * or property that nobody has sent.
 */
export async function answerQuestion(ask: Ask, question: Question, nowMs: number): Promise<Answer> {
  const query = questionQuery(question);
  const problems = await checkNames(ask, question);
  if (problems.length > 0) throw new QuestionError(problems.join('\n'));
  switch (question.ask) {
    case 'funnel': {
      const { every, ...withoutPeriods } = question;
      const rows = await ask<FunnelRow>(query);
      const whole = every === undefined ? rows : await ask<FunnelRow>(funnelQuery(withoutPeriods));
      return funnelAnswer(question, rows, whole);
    }
    case 'retention':
      return retentionAnswer(question, await ask<RetentionRow>(query));
    case 'paths':
      return pathsAnswer(question, await ask<PathRow>(query));
    case 'cohort':
      return cohortAnswer(question, await ask<CohortRow>(query));
    case 'trend': {
      const rows = await ask<TrendRow>(query);
      return refusing(() => trendAnswer(question, fillTrend(question, rows, nowMs)));
    }
    case 'sessions': {
      const { every, by, ...whole } = question;
      const byValue = by === undefined ? [] : await ask<SessionsRow>(sessionsQuery({ ...whole, by }));
      const byPeriod = every === undefined ? [] : await ask<SessionsRow>(query);
      return sessionsAnswer(question, {
        whole: await ask<SessionsRow>(sessionsQuery(whole)),
        byValue,
        byPeriod,
      });
    }
    case 'accounts':
      return accountsAnswer(question, await ask<AccountRow>(query));
  }
}
