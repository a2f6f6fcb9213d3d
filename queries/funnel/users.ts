import type { Query } from '../query.ts';
import type { FunnelQuestion } from '../questions.ts';
import { bestParts, statement } from './answer.ts';
import { planFunnel } from './plan.ts';

/** Subjects that a list of them may have. */
export const MOST_LISTED = 10_000;

/** Whom of a funnel to list. */
export type FunnelPlace = {
  /** Number of a step, from 1. */
  readonly reached: number;
  /** Only those who did not reach the next one. */
  readonly lost: boolean;
};

/** One subject. */
export type FunnelUserRow = {
  /** null where accounts are counted. */
  readonly user_id: number | null;
  readonly identity: string | null;
  /** null where anything else is counted. */
  readonly account: string | null;
  /** null where anything else than sessions is counted. */
  readonly device_id: number | null;
  readonly session_id: number | null;
  /** Number of the step that the best attempt reached. */
  readonly reached: number;
  /** Epoch ms of the best attempt's first and last event. */
  readonly startedMs: number;
  readonly reachedMs: number;
};

/**
 * The subjects behind a number of a funnel's answer, those whose attempt ended last first. `by`, `every` and `times` are not looked at.
 * Throws RangeError where the question cannot be asked.
 */
export function funnelUsersQuery(
  question: FunnelQuestion,
  { reached, lost }: FunnelPlace,
  limit: number,
): Query {
  const last = question.steps.length;
  const steps = lost ? last - 1 : last;
  if (!Number.isInteger(reached) || reached < 1 || reached > steps) {
    throw new RangeError(
      `Cannot list who ${lost ? 'was lost after' : 'reached'} step ${reached}: want one of the steps 1 to ${steps}`,
    );
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED) {
    throw new RangeError(`Cannot list so many: want 1 to ${MOST_LISTED}, current number is ${limit}`);
  }
  const plan = planFunnel({ ...question, by: undefined, every: undefined, times: false }, { places: true });
  const { parameters } = plan;
  const { database, subject } = question;
  const found = `SELECT subject, ${subject === 'session' ? 'person' : subject === 'user' ? 'subject' : 'NULL'} AS user_id, reached, started_at, ended_at
FROM best WHERE reached ${lost ? '=' : '>='} ${parameters.add(reached, 'UInt8')}
ORDER BY ended_at DESC, subject LIMIT ${parameters.add(limit, 'UInt32')}`;
  const shown = {
    user: ['NULL AS account', 'NULL AS device_id', 'NULL AS session_id'],
    account: ['found.subject AS account', 'NULL AS device_id', 'NULL AS session_id'],
    session: ['NULL AS account', 'found.subject.1 AS device_id', 'found.subject.2 AS session_id'],
  }[subject];
  const sql = statement(
    bestParts(plan),
    `SELECT found.user_id AS user_id, ${subject === 'account' ? 'NULL' : 'people.identity'} AS identity, ${shown.join(', ')}, found.reached AS reached,
  found.started_at AS startedMs, found.ended_at AS reachedMs
FROM (${found}) AS found${
      subject === 'account'
        ? ''
        : `
LEFT ANY JOIN (SELECT user_id AS known_id, identity FROM ${parameters.add(database, 'Identifier')}.users) AS people ON found.user_id = people.known_id`
    }
ORDER BY reachedMs DESC, found.subject`,
  );
  return { sql, params: parameters.values };
}
