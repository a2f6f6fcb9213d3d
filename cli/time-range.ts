import type { OptionTable } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Options of every question about a range of time. */
export const RANGE_OPTIONS = {
  from: {
    type: 'string',
    value: 'T',
    doc: 'from this time on (UTC), such as 2026-03-01 or 2026-03-01T12:00',
  },
  to: { type: 'string', value: 'T', doc: 'up to this time, without it' },
} as const satisfies OptionTable;

export type TimeRange = { readonly fromMs: number | undefined; readonly toMs: number | undefined };

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Reads --from (inclusive) and --to (exclusive). Throws UsageError. */
export function readTimeRange(values: { from: string | undefined; to: string | undefined }): TimeRange {
  const fromMs = values.from === undefined ? undefined : parseTime('--from', values.from);
  const toMs = values.to === undefined ? undefined : parseTime('--to', values.to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new UsageError(`--from ${values.from} is not before --to ${values.to}`);
  }
  return { fromMs, toMs };
}

/** Epoch ms of a date or time; UTC unless it names its zone. */
function parseTime(option: string, text: string): number {
  const match = ISO.exec(text);
  const zoned =
    text.length > 10 && match?.[1] === undefined ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T');
  const ms = match === null ? Number.NaN : Date.parse(zoned);
  // Date.parse rolls 31 February over to March: a date that comes back different was none.
  if (
    Number.isNaN(ms) ||
    new Date(Date.parse(text.slice(0, 10))).toISOString().slice(0, 10) !== text.slice(0, 10)
  ) {
    throw new UsageError(
      `Cannot read ${option}: want a date such as 2026-03-01 or a time such as 2026-03-01T12:00, current value is ${JSON.stringify(text)}`,
    );
  }
  return ms;
}
