import type { Period } from './questions.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** 1970-01-01 was a Thursday: three days before it a week began. */
const BEFORE_1970_DAYS = 3;

/**
 * The number of the period that a time lies in, UTC, as SQL: consecutive periods have consecutive numbers, and 1970 began in
 * number 0. `at` is an expression of epoch ms, of 1970 or later.
 */
export function periodNumberSql(period: Period, at: string): string {
  if (period === 'hour') return `intDiv(${at}, ${HOUR_MS})`;
  if (period === 'day') return `intDiv(${at}, ${DAY_MS})`;
  if (period === 'week') return `intDiv(${at} + ${BEFORE_1970_DAYS * DAY_MS}, ${7 * DAY_MS})`;
  return `toInt64(toRelativeMonthNum(fromUnixTimestamp64Milli(${at}, 'UTC')) - toRelativeMonthNum(toDateTime(0, 'UTC')))`;
}

/** When the period of a number begins, as SQL: `YYYY-MM-DD`, or `YYYY-MM-DDThh:00Z` of an hour. */
export function periodTextSql(period: Period, number: string): string {
  if (period === 'hour') return `formatDateTime(toDateTime(${number} * 3600, 'UTC'), '%Y-%m-%dT%H:00Z')`;
  if (period === 'day') return `toString(toDate32('1970-01-01') + (${number}))`;
  if (period === 'week') return `toString(toDate32('1970-01-01') + (7 * (${number}) - ${BEFORE_1970_DAYS}))`;
  return `toString(addMonths(toDate32('1970-01-01'), ${number}))`;
}

/** `periodNumberSql`, counted here. */
export function periodNumber(period: Period, atMs: number): number {
  if (period === 'hour') return Math.floor(atMs / HOUR_MS);
  if (period === 'day') return Math.floor(atMs / DAY_MS);
  if (period === 'week') return Math.floor((atMs / DAY_MS + BEFORE_1970_DAYS) / 7);
  const time = new Date(atMs);
  return (time.getUTCFullYear() - 1970) * 12 + time.getUTCMonth();
}

/** Epoch ms at which the period of a number begins. */
export function periodStartMs(period: Period, number: number): number {
  if (period === 'hour') return number * HOUR_MS;
  if (period === 'day') return number * DAY_MS;
  if (period === 'week') return (number * 7 - BEFORE_1970_DAYS) * DAY_MS;
  return Date.UTC(1970, number);
}

/** `periodTextSql`, written here. */
export function periodText(period: Period, number: number): string {
  const text = new Date(periodStartMs(period, number)).toISOString();
  return period === 'hour' ? `${text.slice(0, 13)}:00Z` : text.slice(0, 10);
}
