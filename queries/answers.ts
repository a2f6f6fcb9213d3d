/** Rows of the answers, one JSON object each as ClickHouse sends it. That of a funnel is in funnel.ts, that of a cohort in cohort.ts. */

/** Which part of an answer that is split `by` a property a row is about; without `by` a row has neither key. */
export type GroupKey = {
  /** The property's value as text; null where there is none, and in the row of `others`. */
  readonly value?: string | null;
  /** The row takes all values together that are not among the top. */
  readonly others?: boolean;
};

/** One cohort, oldest first; with `by` one cohort of a value, the value of most subjects first and the others last. */
export type RetentionRow = GroupKey & {
  /** First day of the cohort's period, `YYYY-MM-DD`. */
  readonly cohort: string;
  /** Users, or accounts, in it. */
  readonly users: number;
  /**
   * How many of them came back, by period from the cohort's own (n = 0), or by bracket. null = a period, or bracket, that has not
   * begun by the end of the range or by now: nobody can have come back in it.
   */
  readonly returned: readonly (number | null)[];
};

/** One sequence, the most frequent first; the last row takes all others together, where there are any. */
export type PathRow = {
  /**
   * Labels in order of time, the point's first (`direction: 'after'`) or last (`before`). Fewer than `depth` + 1 = the path ended
   * there. Empty in the row of others.
   */
  readonly steps: readonly string[];
  /** Occurrences of the point that the sequence followed, or that followed it. */
  readonly paths: number;
  /** Users who went it at least once. */
  readonly users: number;
  /** The row takes all sequences together that are not among the top. */
  readonly others: boolean;
};

/** One period that has events, oldest first; with `by` one period of a value. `fillTrend(question, rows, nowMs)` makes an answer without gaps of them. */
export type TrendRow = GroupKey & {
  /** When the period begins: `YYYY-MM-DD`, or `YYYY-MM-DDThh:00Z` of hours. */
  readonly period: string;
  /** Events that are of any series. */
  readonly events: number;
  /** The measure of each series. Sums and counts of nothing are 0; averages, medians, least and most of nothing null. */
  readonly measures: readonly (number | null)[];
};

/**
 * Figures of sessions: one row; with `every` one of each period that has sessions, oldest first; with `by` one of each value, that
 * of most sessions first and the others last.
 */
export type SessionsRow = GroupKey & {
  /** With `every`: when the period begins, as in TrendRow. */
  readonly period?: string;
  readonly sessions: number;
  readonly users: number;
  /** Seconds from a session's first event to its last; null where there are no sessions. */
  readonly median_duration_s: number | null;
  readonly average_duration_s: number | null;
  readonly events_per_session: number | null;
  readonly pageviews_per_session: number | null;
  /** Sessions of a single event. */
  readonly bounced: number;
};

/** One account, the one of most usage first; of equal usage, in the order of their ids. */
export type AccountRow = {
  readonly account: string;
  /** Events that count as usage, in the range. */
  readonly events: number;
  /** Users that name the account now, whether they did anything or not; with `among` those in the cohort. */
  readonly users: number;
  /** Users with usage in the range. */
  readonly activeUsers: number;
  /** Usage, and users with usage, in the last `every` before the end of the range (or now). */
  readonly eventsNow: number;
  readonly usersNow: number;
  /** The same in the `every` before that one, even where it lies before the range. */
  readonly eventsBefore: number;
  readonly usersBefore: number;
  /** Epoch ms of the last usage in the range; null = none. */
  readonly lastSeenMs: number | null;
  /** Values of the properties of `show`, in its order. */
  readonly shown: readonly (string | null)[];
  /** Accounts there are, those not listed included. */
  readonly accounts: number;
};

/** A trend without gaps, as `fillTrend` makes it of its rows. */
export type TrendAnswer = {
  /** Every period from the first to the last, as in TrendRow. */
  readonly periods: readonly string[];
  /** One where nothing is split, even if there is no event; else one of each value, that of most events first, the others last. */
  readonly groups: readonly (GroupKey & {
    /** Of each series a figure for each period. */
    readonly series: readonly (readonly (number | null)[])[];
    /** With `formula`: its result for each period; null where it divides by zero or a figure in it is null. */
    readonly formula?: readonly (number | null)[];
  })[];
};
