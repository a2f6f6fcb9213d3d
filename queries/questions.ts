import type { CohortQuestion } from './cohort.ts';
import type { EventMatch } from './event-match.ts';
import type { PropertyRef } from './property-ref.ts';
import type { QuestionScope, Subject } from './question-scope.ts';

/** Periods of the calendar, UTC; weeks start on Monday. */
export const PERIODS = ['hour', 'day', 'week', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Values of a property that an answer tells apart where the question does not say how many. */
export const DEFAULT_TOP = 10;

/** Counts who did some steps in order. Each option's exact meaning: docs/SEMANTICS.md, and the builder's docstring. */
export type FunnelQuestion = QuestionScope & {
  readonly steps: readonly EventMatch[];
  /**
   * `later`: each step at any later event than the one before. `next`: each step is the very next event of the subject.
   * `any`: steps in any order.
   */
  readonly order: 'later' | 'next' | 'any';
  /** Longest time from an attempt's first event to its last, inclusive; undefined = within the range. */
  readonly withinMs?: number | undefined;
  /** All events of an attempt belong to one session. */
  readonly oneSession: boolean;
  /** An attempt is void where such an event comes after its step `after` and before its step `before` (from 1). */
  readonly exclusions: readonly {
    readonly event: EventMatch;
    readonly after: number;
    readonly before: number;
  }[];
  readonly subject: Subject;
  /** Property of the attempt's event of a step (from 1) to split by. */
  readonly by?: { readonly property: PropertyRef; readonly step: number } | undefined;
  /** Values of `by` to answer, those of most subjects at the first step first; the others are one. undefined = DEFAULT_TOP. */
  readonly top?: number | undefined;
  /** Split by the period in which the attempt began: a subject counts in each in which it began one. */
  readonly every?: Period | undefined;
  /** Also the time between steps, in quantiles. */
  readonly times: boolean;
  /** `first` is Heap's published SQL: each step at its first time after the one before, from the first of all. */
  readonly anchor: 'any' | 'first';
};

export type RetentionQuestion = QuestionScope & {
  /** Puts a subject into a cohort. */
  readonly start: EventMatch;
  /** Counts as coming back. */
  readonly back: EventMatch;
  readonly every: 'day' | 'week' | 'month';
  /** Periods after the first one that are watched. */
  readonly periods: number;
  /**
   * `first in range`: the cohort of the first start in the range. `first ever`: only subjects whose first start of all is
   * in the range. `every`: the cohort of each period with a start.
   */
  readonly cohorts: 'first in range' | 'first ever' | 'every';
  /**
   * `in`: came back in exactly that period. `in or after`: in it or later (unbounded). Or brackets: the first period of
   * each, ascending from 0; the last one ends with `periods`.
   */
  readonly counts: 'in' | 'in or after' | { readonly brackets: readonly number[] };
  readonly subject: Subject;
  /** Property of the cohort's start event, or of the user, to split by. */
  readonly by?: PropertyRef | undefined;
  /** Values of `by` to answer, those of most subjects first; the others are one. undefined = DEFAULT_TOP. */
  readonly top?: number | undefined;
};

export type PathsQuestion = QuestionScope & {
  /** Where paths begin, or with `direction: 'before'` end. */
  readonly point: EventMatch;
  readonly direction: 'after' | 'before';
  /** Events that are steps of a path; empty = all, by name. */
  readonly steps: readonly EventMatch[];
  /** Steps after (before) the point, 1 to 10. */
  readonly depth: number;
  /** Paths to answer, the most frequent first; the others are one row. */
  readonly top: number;
  /** A path ends with its session; otherwise with the range, or `withinMs` from the point. */
  readonly oneSession: boolean;
  readonly withinMs?: number | undefined;
  /** Take several of one step in a row for one. */
  readonly collapse: boolean;
};

/** What is measured of the events of a series. */
export type Measure =
  | { readonly of: 'events' | 'users' | 'accounts' | 'sessions' }
  | { readonly of: 'sum' | 'average' | 'median' | 'least' | 'most'; readonly property: PropertyRef };

export type TrendQuestion = QuestionScope & {
  /** Named A, B, C, ... in the formula. */
  readonly series: readonly { readonly event: EventMatch; readonly measure: Measure }[];
  readonly every: Period;
  /** Arithmetic over the series, such as `A / B * 100`. */
  readonly formula?: string | undefined;
  readonly by?: PropertyRef | undefined;
  /** Values of `by` to answer, those of the most events first; the others are one. */
  readonly top: number;
};

export type SessionsQuestion = QuestionScope & {
  readonly every?: Period | undefined;
  /** Property of the session, or of its user or account. */
  readonly by?: PropertyRef | undefined;
  /** Values of `by` to answer, those of most sessions first; the others are one. undefined = DEFAULT_TOP. */
  readonly top?: number | undefined;
};

/** Usage, users and their trend by account, of the accounts that there are now: Heap's account health. */
export type AccountsQuestion = QuestionScope & {
  /** What counts as usage. */
  readonly event: EventMatch;
  /** The last of these before the end of the range (or now) is compared with the one before it. */
  readonly every: 'day' | 'week' | 'month';
  /** Properties of the account (`of: 'account'`) to show. */
  readonly show: readonly PropertyRef[];
  /** Accounts to answer, those with the most usage first. */
  readonly top: number;
};

/** Every question there is, as all that ask and answer them know it. */
export type Question =
  | ({ readonly ask: 'funnel' } & FunnelQuestion)
  | ({ readonly ask: 'retention' } & RetentionQuestion)
  | ({ readonly ask: 'paths' } & PathsQuestion)
  | ({ readonly ask: 'cohort' } & CohortQuestion)
  | ({ readonly ask: 'trend' } & TrendQuestion)
  | ({ readonly ask: 'sessions' } & SessionsQuestion)
  | ({ readonly ask: 'accounts' } & AccountsQuestion);
