import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { FastifyReply } from 'fastify';
import { askWithin } from '#queries/ask-clickhouse.ts';
import type { Ask } from '#queries/query.ts';
import { limitsOf } from '#queries/query-settings.ts';
import { QuestionError } from '#queries/question-error.ts';
import type { ConsoleConfig } from '../config.ts';

/** An answer that is an error, for the browser to show. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}

export type Answers = {
  /** Asks within the limits, until the signal is aborted: ClickHouse stops then. Throws AnswerError. */
  asking(signal: AbortSignal): Ask;
  close(): Promise<void>;
};

/** ClickHouse as the console may use it: to read, within limits. */
export function openAnswers(url: string, config: ConsoleConfig): Answers {
  const limits = limitsOf(config);
  const client: ClickHouseClient = createClient({
    url,
    application: 'cairn-console',
    // ClickHouse's own limit speaks first.
    request_timeout: (limits.maxSeconds + 5) * 1000,
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    asking(signal) {
      const ask = askWithin(client, { limits, signal });
      return (query) => asAnswerError(() => ask<never>(query));
    },
    close: () => client.close(),
  };
}

/** What a question fails of, as an answer. Any other error stays what it is. */
export async function asAnswerError<T>(answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    const cause = error as Error & { code?: string };
    if (cause instanceof QuestionError) throw new AnswerError(422, 'refused', cause.message, { cause });
    if (cause instanceof AnswerError || (cause.code === undefined && cause.message !== 'Timeout error.'))
      throw cause;
    throw new AnswerError(503, 'unavailable', `ClickHouse does not answer: ${cause.message || cause.code}`, {
      cause,
    });
  }
}

/** Aborted when the browser goes away before it has its answer. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
