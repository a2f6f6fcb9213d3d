import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Query } from '#queries/query.ts';
import { CommandError } from './usage-error.ts';

const LONGEST_QUERY_MS = 600_000;

/** ClickHouse as the commands use it: questions with parameters, and answers as a stream. */
export function openClickHouse(url: string, requestTimeoutMs: number = LONGEST_QUERY_MS): ClickHouseClient {
  return createClient({
    url,
    application: 'cairn-cli',
    request_timeout: requestTimeoutMs,
    log: { level: ClickHouseLogLevel.OFF },
    // 64-bit integers as numbers: ids have 53 bits, and counts stay below that.
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
}

/** Rows of a question's answer. Throws CommandError in ClickHouse's words where it refuses. */
export async function ask<Row>(clickhouse: ClickHouseClient, { sql, params }: Query): Promise<Row[]> {
  try {
    const answer = await clickhouse.query({ query: sql, query_params: params, format: 'JSONEachRow' });
    return await answer.json<Row>();
  } catch (error) {
    throw clickHouseFailure(error);
  }
}

/** Rows of a question's answer as they come. Throws CommandError in ClickHouse's words where it refuses. */
export async function* askRows<Row>(
  clickhouse: ClickHouseClient,
  { sql, params }: Query,
): AsyncGenerator<Row> {
  try {
    const answer = await clickhouse.query({ query: sql, query_params: params, format: 'JSONEachRow' });
    for await (const rows of answer.stream<Row>()) for (const row of rows) yield row.json() as Row;
  } catch (error) {
    throw clickHouseFailure(error);
  }
}

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
