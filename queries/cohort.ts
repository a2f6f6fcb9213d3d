import { memberSql } from './cohort-members.ts';
import type { Condition, EventMatch } from './event-match.ts';
import { Parameters } from './parameters.ts';
import type { Query } from './query.ts';
import type { QuestionScope } from './question-scope.ts';

/** One thing that is true of the users of a cohort. */
export type CohortRule =
  | {
      /** Did it so often in a time; `atMost: 0` = never. */
      readonly did: EventMatch;
      /** Inclusive; undefined = 1, or 0 where `atMost` is given. */
      readonly atLeast?: number | undefined;
      /** Inclusive. */
      readonly atMost?: number | undefined;
      /** Epoch ms, inclusive; undefined = the question's own range. */
      readonly fromMs?: number | undefined;
      /** Epoch ms, exclusive; undefined = the question's own range. */
      readonly toMs?: number | undefined;
    }
  /** Has a property of the user or of the user's account now. */
  | { readonly has: Condition };

/** Users for whom all rules hold, or any. */
export type Cohort = { readonly hold: 'all' | 'any'; readonly rules: readonly CohortRule[] };

export type CohortQuestion = QuestionScope & {
  readonly cohort: Cohort;
  /** Users to list, those seen last first; 0 = none, only their number. */
  readonly list: number;
};

/** The answer's rows: the users listed, each with the number of all; one row with `user_id` null where none is listed. */
export type CohortRow = {
  readonly users: number;
  readonly user_id: number | null;
  readonly identity: string | null;
  /** Epoch ms of the user's last event. */
  readonly lastSeenMs: number | null;
};

/** Users a question may list. */
export const MOST_LISTED = 100_000;

/**
 * Users for whom the rules hold, of all that there are: the rows of the readers' view `users`, so that somebody who is known
 * by properties alone counts where a rule asks for a property or for who never did something.
 *
 * Throws RangeError where a rule or the number to list cannot be asked.
 */
export function cohortQuery(question: CohortQuestion): Query {
  const { cohort, among, list, database, environment } = question;
  if (!Number.isInteger(list) || list < 0 || list > MOST_LISTED) {
    throw new RangeError(
      `Cannot list users: want a whole number up to ${MOST_LISTED}, current value is ${list}`,
    );
  }
  const parameters = new Parameters();
  const members = [cohort, ...(among === undefined ? [] : [among])].map((rules) =>
    memberSql(question, parameters, rules),
  );
  const found = `SELECT user_id, ifNull(identity, '') AS name FROM ${parameters.add(database, 'Identifier')}.users
WHERE ${members.join(' AND ')}`;
  if (list === 0) {
    return {
      sql: `SELECT count() AS users, NULL AS user_id, NULL AS identity, NULL AS lastSeenMs FROM (${found})`,
      params: parameters.values,
    };
  }
  // One row of all, so that their number is there even where nobody is listed.
  return {
    sql: `WITH listed AS
(
  SELECT count() AS users, groupArraySorted(${list})((-seen, user_id, name)) AS people
  FROM (${found}) AS found
  LEFT ANY JOIN (
    SELECT user_id AS person, toUnixTimestamp64Milli(max(time)) AS seen FROM cairn.resolved_events
    WHERE environment = ${parameters.add(environment, 'UInt16')} GROUP BY person
  ) AS events ON user_id = person
)
SELECT users, nullIf(person.2, 0) AS user_id, nullIf(person.3, '') AS identity, nullIf(-person.1, 0) AS lastSeenMs
FROM listed LEFT ARRAY JOIN people AS person`,
    params: parameters.values,
  };
}
