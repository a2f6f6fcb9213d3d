import { Agent as HttpAgent, request as openHttp } from 'node:http';
import { Agent as HttpsAgent, request as openHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from './usage-error.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** Longest that an answer may ask to wait. */
const LONGEST_RETRY_AFTER_MS = 30_000;

/** One POST to a collector. */
export type Post = {
  readonly path: string;
  readonly userAgent: string;
  /** JSON text of the body, asked for at each attempt. */
  readonly body: () => string;
};

export type Answer = { readonly status: number; readonly text: string };

export type Delivered = {
  readonly answer: Answer;
  /** Attempts that ended in no answer, 429 or 5xx and were made again. */
  readonly retries: number;
};

/** Sends requests to one collector over connections that are kept. */
export class Delivery {
  readonly #url: string;
  readonly #patienceMs: number;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #open: typeof openHttp;

  constructor(options: {
    url: string;
    /** Requests under way at once. */
    connections: number;
    /** How long one request is tried before it is given up. */
    patienceMs: number;
    /** Silence after which an attempt counts as unanswered. */
    timeoutMs: number;
  }) {
    const { url, connections, patienceMs, timeoutMs } = options;
    const isHttps = url.startsWith('https:');
    this.#url = url;
    this.#patienceMs = patienceMs;
    this.#timeoutMs = timeoutMs;
    this.#open = isHttps ? openHttps : openHttp;
    this.#agent = new (isHttps ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: connections });
  }

  /**
   * Sends until there is an answer that is neither 429 nor 5xx. Throws CommandError where there is none within the
   * patience, and the signal's reason where it is aborted.
   */
  async deliver(post: Post, signal: AbortSignal): Promise<Delivered> {
    const deadline = performance.now() + this.#patienceMs;
    let pauseMs = FIRST_PAUSE_MS;
    for (let retries = 0; ; retries += 1) {
      signal.throwIfAborted();
      const { retryAfterMs, ...answer } = await this.#attempt(post, signal);
      if (answer.status !== 0 && answer.status !== 429 && answer.status < 500) return { answer, retries };
      if (performance.now() > deadline) {
        throw new CommandError(
          `Cannot send ${post.path} to ${this.#url}: no success in ${this.#patienceMs} ms, last answer is ${answer.status} ${answer.text.slice(0, 200)}`,
        );
      }
      await sleep(retryAfterMs ?? pauseMs, undefined, { signal });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One attempt; status 0 where the connection gave no whole answer. */
  #attempt(
    { path, body, userAgent }: Post,
    signal: AbortSignal,
  ): Promise<Answer & { retryAfterMs: number | undefined }> {
    const payload = body();
    return new Promise((resolve, reject) => {
      const lost = (error: Error) => {
        if (signal.aborted) reject(signal.reason);
        else resolve({ status: 0, text: error.message, retryAfterMs: undefined });
      };
      const outgoing = this.#open(
        new URL(path, this.#url),
        {
          method: 'POST',
          agent: this.#agent,
          signal,
          timeout: this.#timeoutMs,
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
              retryAfterMs: Number.isNaN(retryAfter)
                ? undefined
                : Math.min(retryAfter * 1000, LONGEST_RETRY_AFTER_MS),
            });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${this.#timeoutMs} ms`)));
      outgoing.on('error', lost);
      outgoing.end(payload);
    });
  }
}
