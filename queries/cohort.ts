import type { Condition, EventMatch } from './event-match.ts';
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
