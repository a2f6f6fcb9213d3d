import { durationMs } from '#lib/config/duration.ts';

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Times that ClickHouse's DateTime64 can hold. */
const FIRST_MS = Date.UTC(1900, 0, 1);
const LAST_MS = Date.UTC(2299, 0, 1);

/**
 * Epoch ms of a date or time, UTC unless it names its zone, or of `-30d`: so long before `nowMs`, or `now`. Throws an Error saying
 * what was wanted.
 */
export function timeMs(text: string, nowMs: number): number {
  if (text === 'now') return nowMs;
  const ms = text.startsWith('-') ? nowMs - ago(text.slice(1)) : absolute(text);
  if (Number.isNaN(ms)) {
    throw new Error(
      'want a date such as 2026-03-01, a time such as 2026-03-01T12:00, or -30d for 30 days ago',
    );
  }
  if (ms < FIRST_MS || ms > LAST_MS) throw new Error('want a time from 1900 to 2298');
  return ms;
}

function ago(text: string): number {
  try {
    return durationMs(text);
  } catch {
    return Number.NaN;
  }
}

function absolute(text: string): number {
  const match = ISO.exec(text);
  const zoned =
    text.length > 10 && match?.[1] === undefined ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T');
  const day = Date.parse(text.slice(0, 10));
  // Date.parse rolls 31 February over to March: a date that comes back different was none.
  const isDay = !Number.isNaN(day) && new Date(day).toISOString().slice(0, 10) === text.slice(0, 10);
  return match === null || !isDay ? Number.NaN : Date.parse(zoned);
}
