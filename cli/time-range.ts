import { timeMs } from '#queries/written/time-text.ts';
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

/** Reads --from (inclusive) and --to (exclusive). Throws UsageError. */
export function readTimeRange(values: { from: string | undefined; to: string | undefined }): TimeRange {
  const fromMs = values.from === undefined ? undefined : parseTime('--from', values.from);
  const toMs = values.to === undefined ? undefined : parseTime('--to', values.to);
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
    throw new UsageError(`--from ${values.from} is not before --to ${values.to}`);
  }
  return { fromMs, toMs };
}

function parseTime(option: string, text: string): number {
  try {
    return timeMs(text, Date.now());
  } catch (error) {
    throw new UsageError(
      `Cannot read ${option}: ${(error as Error).message}, current value is ${JSON.stringify(text)}`,
    );
  }
}
