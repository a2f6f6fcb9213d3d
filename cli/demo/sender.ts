import { Delivery } from '../delivery.ts';
import { CommandError } from '../usage-error.ts';
import type { DemoRequest } from './dispatch.ts';
import { countRows, NO_ROWS, type RowCount, sumRows } from './row-count.ts';

/** A collector answers within 10 s, if only that it cannot take more. */
const ANSWER_TIMEOUT_MS = 60_000;

export type SenderOptions = {
  readonly url: string;
  /** Requests under way at once. */
  readonly connections: number;
  /** How long one request is tried before the run is given up. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Called after each answer with the number of requests answered so far. */
  readonly onAnswer?: (answered: number) => void;
};

export type SendReport = {
  readonly requests: number;
  /** Attempts that ended in no answer, 429 or 5xx and were made again. */
  readonly retries: number;
  /** Rows in such attempts: each may be in the log all the same, and once more than it is meant to be. */
  readonly uncertain: RowCount;
  /** Rows that the collector refused by a verdict. */
  readonly refused: number;
};

/**
 * Sends requests as clients do: on several connections at once, each lane in its order, again with the same
 * idempotency keys where no answer came. Throws CommandError where a request is refused or finds no answer.
 */
export async function send(requests: readonly DemoRequest[], options: SenderOptions): Promise<SendReport> {
  const { url, connections, patienceMs, onAnswer } = options;
  const delivery = new Delivery({ url, connections, patienceMs, timeoutMs: ANSWER_TIMEOUT_MS });
  let retries = 0;
  let refused = 0;
  let uncertain = NO_ROWS;
  let answered = 0;
  const queues = Array.from({ length: connections }, (): DemoRequest[] => []);
  for (const request of requests) queues[(request.lane + connections) % connections]!.push(request);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  try {
    await Promise.all(
      queues.map(async (queue) => {
        for (const request of queue) {
          const delivered = await deliver(request, delivery, signal);
          retries += delivered.retries;
          refused += delivered.refused;
          for (let lost = delivered.retries; lost > 0; lost -= 1)
            uncertain = sumRows(uncertain, countRows(request));
          answered += 1;
          onAnswer?.(answered);
        }
      }),
    );
  } catch (error) {
    failed.abort();
    throw error;
  } finally {
    delivery.close();
  }
  return { requests: requests.length, retries, uncertain, refused };
}

/** Sends one request until it is accepted. */
async function deliver(
  { path, body, userAgent }: DemoRequest,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<{ retries: number; refused: number }> {
  const isClient = path === '/v1/capture';
  const text = () => JSON.stringify(isClient ? { ...body, sent_at: new Date().toISOString() } : body);
  const { answer, retries } = await delivery.deliver({ path, userAgent, body: text }, signal);
  if (answer.status !== 200) {
    throw new CommandError(
      `Cannot send ${path}: the collector answered ${answer.status} ${answer.text.slice(0, 500)}`,
    );
  }
  return { retries, refused: refusedIn(answer.text) };
}

function refusedIn(text: string): number {
  if (text === 'OK' || text === '{}') return 0;
  const { rejected } = JSON.parse(text) as { rejected?: unknown[] };
  return rejected?.length ?? 0;
}
