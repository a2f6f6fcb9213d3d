import { ClickHouseError } from '@clickhouse/client';
import { CommandError } from './usage-error.ts';

/** An error of ClickHouse, or of the way to it, in its own words; any other error as it is. */
export function clickHouseFailure(error: unknown): unknown {
  if (error instanceof ClickHouseError) {
    return new CommandError(`ClickHouse: ${error.message} (${error.type ?? 'error'} ${error.code})`, {
      cause: error,
    });
  }
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'ENOTFOUND') {
    return new CommandError(`Cannot reach ClickHouse: ${message || code}`, { cause: error });
  }
  return error;
}
