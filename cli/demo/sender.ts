import { Agent, request as openRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../usage-error.ts';
import type { DemoRequest } from './dispatch.ts';
import { countRows, NO_ROWS, type RowCount, sumRows } from './row-count.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

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
  const { connections, onAnswer } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
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
          const delivery = await deliver(request, agent, { ...options, signal });
          retries += delivery.retries;
          refused += delivery.refused;
          for (let lost = delivery.retries; lost > 0; lost -= 1)
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
    agent.destroy();
  }
  return { requests: requests.length, retries, uncertain, refused };
}

/** Sends one request until it is accepted. */
async function deliver(
  request: DemoRequest,
  agent: Agent,
  { url, patienceMs, signal }: SenderOptions,
): Promise<{ retries: number; refused: number }> {
  const deadline = performance.now() + patienceMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (let retries = 0; ; retries += 1) {
    signal.throwIfAborted();
    const answer = await attempt(request, agent, url, signal);
    if (answer.status === 200) return { retries, refused: refusedIn(answer.text) };
    if (answer.status !== 0 && answer.status !== 429 && answer.status < 500) {
      throw new CommandError(
        `Cannot send ${request.path}: the collector answered ${answer.status} ${answer.text.slice(0, 500)}`,
      );
    }
    if (performance.now() > deadline) {
      throw new CommandError(
        `Cannot send ${request.path} to ${url}: no success in ${patienceMs} ms, last answer is ${answer.status} ${answer.text.slice(0, 200)}`,
      );
    }
    await sleep(answer.retryAfterMs ?? pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

type Answer = { readonly status: number; readonly text: string; readonly retryAfterMs: number | undefined };

/** One attempt; status 0 where the connection gave no whole answer. */
function attempt(
  { path, body, userAgent }: DemoRequest,
  agent: Agent,
  url: string,
  signal: AbortSignal,
): Promise<Answer> {
  const isClient = path === '/v1/capture';
  const payload = JSON.stringify(isClient ? { ...body, sent_at: new Date().toISOString() } : body);
  return new Promise((resolve, reject) => {
    const lost = (error: Error) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ status: 0, text: error.message, retryAfterMs: undefined });
    };
    const outgoing = openRequest(
      new URL(path, url),
      {
        method: 'POST',
        agent,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(payload),
          'user-agent': userAgent,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', lost);
        response.on('end', () => {
          const retryAfter = Number(response.headers['retry-after']);
          resolve({
            status: response.statusCode ?? 0,
            text,
            retryAfterMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
          });
        });
      },
    );
    outgoing.on('error', lost);
    outgoing.end(payload);
  });
}

function refusedIn(text: string): number {
  if (text === 'OK' || text === '{}') return 0;
  const { rejected } = JSON.parse(text) as { rejected?: unknown[] };
  return rejected?.length ?? 0;
}
