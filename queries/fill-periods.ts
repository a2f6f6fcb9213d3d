import type { GroupKey } from './answers.ts';
import { periodNumber, periodText } from './periods.ts';
import type { Period } from './questions.ts';

/** Periods that an answer may have. */
export const MOST_FILLED = 10_000;

type Row = GroupKey & { readonly period?: string };

/** Every period of an answer, and by value a row for each that has one. */
export type Filled<R> = {
  /** Each period's beginning, as in the rows. */
  readonly periods: readonly string[];
  /** The value of most `weight` first, the others last; one without a value where nothing is split. */
  readonly groups: readonly { readonly key: GroupKey; readonly rows: readonly (R | undefined)[] }[];
};

/**
 * Puts rows into their places among all periods of a question: from the beginning of its range, or the first row, to its end, or
 * now, and never to a time to come where no row is. Throws RangeError where that are too many.
 */
export function fillPeriods<R extends Row>(
  question: {
    readonly every: Period;
    readonly fromMs?: number | undefined;
    readonly toMs?: number | undefined;
    readonly by?: unknown;
  },
  rows: readonly R[],
  nowMs: number,
  weight: (row: R) => number,
): Filled<R> {
  const { every, fromMs, toMs = Number.POSITIVE_INFINITY, by } = question;
  const numbers = rows.map(({ period = '' }) => periodNumber(every, Date.parse(period)));
  const first = fromMs === undefined ? Math.min(...numbers) : periodNumber(every, fromMs);
  const last = Math.max(periodNumber(every, Math.min(toMs, nowMs) - 1), ...numbers);
  const isEmpty = !Number.isFinite(first) || (fromMs !== undefined && fromMs >= toMs);
  const count = isEmpty ? 0 : Math.max(last - first + 1, 0);
  if (count > MOST_FILLED) {
    throw new RangeError(
      `Cannot show so many periods: want at most ${MOST_FILLED}, current number of ${every}s is ${count}`,
    );
  }
  const grouped = Map.groupBy(rows, ({ value = null, others = false }) => JSON.stringify([others, value]));
  const groups = [...grouped.values()].map((mine) => {
    const places: (R | undefined)[] = Array.from({ length: count }, () => undefined);
    for (const row of mine) places[periodNumber(every, Date.parse(row.period ?? '')) - first] = row;
    const { value = null, others = false } = mine[0] as R;
    const total = mine.reduce((sum, row) => sum + weight(row), 0);
    return { key: by === undefined ? {} : { value, others }, total, rows: places };
  });
  groups.sort(
    (one, other) =>
      Number(one.key.others ?? false) - Number(other.key.others ?? false) ||
      other.total - one.total ||
      byText(one.key.value ?? null, other.key.value ?? null),
  );
  const nothing = { key: {}, rows: Array.from({ length: count }, () => undefined) };
  return {
    periods: Array.from({ length: count }, (_, n) => periodText(every, first + n)),
    groups:
      by === undefined && groups.length === 0 ? [nothing] : groups.map(({ key, rows }) => ({ key, rows })),
  };
}

function byText(one: string | null, other: string | null): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return one < other ? -1 : Number(one > other);
}
