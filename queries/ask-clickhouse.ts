import { randomUUID } from 'node:crypto';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { failureText, limitSettings, type QueryLimits } from './limits.ts';
import type { Ask, Query } from './query.ts';
import { QuestionError } from './question-error.ts';

/** How long the server may take to hear that a query is to stop. */
const STOP_PATIENCE_MS = 2000;

/** How far a query is. */
export type QueryProgress = {
  readonly readRows: number;
  /** Rows it will read, as far as is known yet. */
  readonly totalRows: number;
  readonly elapsedMs: number;
};

export type AskOptions = {
  readonly limits: QueryLimits;
  /** Stops the query on the server. */
  readonly signal?: AbortSignal | undefined;
  /** Called several times a second. */
  readonly onProgress?: ((progress: QueryProgress) => void) | undefined;
};

type Line<Row> = {
  readonly row?: Row;
  readonly progress?: {
    readonly read_rows?: string;
    readonly total_rows_to_read?: string;
    readonly elapsed_ns?: string;
  };
};

/**
 * Asks within limits. Throws QuestionError where ClickHouse refuses, or a limit is met. What the signal stops is stopped on the server
 * too, and throws QuestionError.
 */
export function askWithin(clickhouse: ClickHouseClient, options: AskOptions): Ask {
  return async <Row>(query: Query) => {
    const { signal } = options;
    const id = randomUUID();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    // Nobody waits for it where the answer comes first.
    stopped.catch(() => undefined);
    const stop = () => void stopQuery(clickhouse, id).then(() => reject(signal?.reason));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      signal?.throwIfAborted();
      return await Promise.race([rowsOf<Row>(clickhouse, query, id, options), stopped]);
    } catch (error) {
      throw questionFailure(error, options);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
}

async function rowsOf<Row>(
  clickhouse: ClickHouseClient,
  { sql, params }: Query,
  queryId: string,
  { limits, onProgress }: AskOptions,
): Promise<readonly Row[]> {
  const answer = await clickhouse.query({
    query: sql,
    query_params: params,
    query_id: queryId,
    // Rows as in JSONEachRow, with a line about progress ten times a second before them.
    format: 'JSONEachRowWithProgress',
    // A client of ours may know fewer settings than the server.
    clickhouse_settings: limitSettings(limits) as ClickHouseSettings,
    use_multipart_params_auto: true,
  });
  const rows: Row[] = [];
  for await (const lines of answer.stream<Row>()) {
    for (const line of lines) {
      const { row, progress } = line.json() as Line<Row>;
      if (row !== undefined) rows.push(row);
      if (progress === undefined) continue;
      onProgress?.({
        readRows: Number(progress.read_rows ?? 0),
        totalRows: Number(progress.total_rows_to_read ?? 0),
        elapsedMs: Number(progress.elapsed_ns ?? 0) / 1e6,
      });
    }
  }
  return rows;
}

/** A connection that ends is noticed by the server when it next writes: a query is told. */
async function stopQuery(clickhouse: ClickHouseClient, queryId: string): Promise<void> {
  try {
    await clickhouse.command({
      query: 'KILL QUERY WHERE query_id = {id:String} ASYNC',
      query_params: { id: queryId },
      abort_signal: AbortSignal.timeout(STOP_PATIENCE_MS),
    });
  } catch {
    // It ends by its own limits, or with its connection.
  }
}

function questionFailure(error: unknown, { limits, signal }: AskOptions): unknown {
  if (signal?.aborted) return new QuestionError('The question was stopped', { cause: error });
  if (!(error instanceof ClickHouseError)) return error;
  const text =
    failureText(error, limits) ?? `ClickHouse: ${error.message} (${error.type ?? 'error'} ${error.code})`;
  return new QuestionError(text, { cause: error });
}
