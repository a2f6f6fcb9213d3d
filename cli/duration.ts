import { durationMs } from '#lib/config/duration.ts';
import { UsageError } from './usage-error.ts';

/** Milliseconds of a duration such as `30m`, `12h`, `7d` or `1h30m`. Throws UsageError. */
export function parseDuration(option: string, text: string): number {
  try {
    return durationMs(text);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`Cannot read ${option}: ${message}, current value is ${JSON.stringify(text)}`);
  }
}
