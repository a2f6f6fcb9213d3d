import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { FastifyReply } from 'fastify';
import type { Ask } from '#queries/find-user.ts';
import type { ConsoleConfig } from '../config.ts';
import { type Failure, failureOf, type Limits } from '../core/failure-text.ts';

/** An answer that is an error, for the browser to show. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;
  readonly failure: Failure;

  constructor(status: number, failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.status = status;
    this.failure = failure;
  }
}

export type Answers = {
  /** Asks until the signal is aborted. Throws AnswerError. */
  asking(signal: AbortSignal): Ask;
  close(): Promise<void>;
};

/** ClickHouse as the console may use it: to read, within limits. ClickHouse stops a question when its connection goes. */
export function openAnswers(url: string, config: ConsoleConfig): Answers {
  const limits: Limits = {
    maxSeconds: config.CAIRN_CONSOLE_MAX_SECONDS,
    maxMemoryBytes: config.CAIRN_CONSOLE_MAX_MEMORY_BYTES,
    maxRowsToRead: config.CAIRN_CONSOLE_MAX_ROWS_TO_READ,
    maxResultRows: config.CAIRN_CONSOLE_MAX_RESULT_ROWS,
  };
  const client: ClickHouseClient = createClient({
    url,
    application: 'cairn-console',
    request_timeout: (limits.maxSeconds + 5) * 1000,
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      readonly: '2',
      max_execution_time: limits.maxSeconds,
      timeout_overflow_mode: 'throw',
      max_memory_usage: String(limits.maxMemoryBytes),
      max_rows_to_read: String(limits.maxRowsToRead),
      read_overflow_mode: 'throw',
      max_result_rows: String(limits.maxResultRows),
      result_overflow_mode: 'throw',
      cancel_http_readonly_queries_on_client_close: 1,
      // Ids have 53 bits.
      output_format_json_quote_64bit_integers: 0,
    },
  });
  return {
    asking: (signal) => async (query) => {
      try {
        const { sql, params } = query;
        const answer = await client.query({
          query: sql,
          query_params: params,
          format: 'JSONEachRow',
          abort_signal: signal,
        });
        return await answer.json();
      } catch (cause) {
        throw answerError(cause, limits);
      }
    },
    close: () => client.close(),
  };
}

function answerError(cause: unknown, limits: Limits): unknown {
  if (cause instanceof ClickHouseError) {
    const failure = failureOf(Number(cause.code), cause.message, limits);
    return new AnswerError(422, failure, { cause });
  }
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code !== undefined || message === 'Timeout error.') {
    return new AnswerError(
      503,
      { code: 'unavailable', message: `ClickHouse does not answer: ${message || code}` },
      { cause },
    );
  }
  return cause;
}

/** Aborted when the browser goes away before it has its answer. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
