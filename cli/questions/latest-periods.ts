/** Periods that a table shows. */
const MOST_PERIODS = 62;

/** The latest rows of a table that has one for each period, and a line about the others where there are any. */
export function latestPeriods<Row>(rows: readonly Row[]): {
  readonly rows: readonly Row[];
  readonly more: string;
} {
  const left = rows.length - MOST_PERIODS;
  return {
    rows: rows.slice(-MOST_PERIODS),
    more: left > 0 ? `${left} earlier periods are in --csv and --json\n` : '',
  };
}
