/** Values that an answer may tell apart. */
export const MOST_VALUES = 1000;

/** Throws RangeError where an answer cannot tell so many apart; `what` is what they are. */
export function checkTop(top: number, what = 'values'): void {
  if (!Number.isInteger(top) || top < 1 || top > MOST_VALUES) {
    throw new RangeError(
      `Cannot tell so many ${what} apart: want 1 to ${MOST_VALUES}, current number is ${top}`,
    );
  }
}

/**
 * The rows of a subquery, each with `place`: 1 for the value that has most in all its rows, and so on by text, `top` + 1
 * for all values after the top. `rows` has the columns `value` and `weight`.
 */
export function placedSql(rows: string, top: number): string {
  return `SELECT *, least(dense_rank() OVER (ORDER BY together DESC, value), ${top + 1}) AS place
FROM (SELECT *, sum(weight) OVER (PARTITION BY value) AS together FROM (${rows}))`;
}

/** `value` and `others` of rows that are grouped by `place`. */
export function groupKeySql(top: number): string {
  return `if(place > ${top}, NULL, any(value)) AS value, toBool(place > ${top}) AS others`;
}
