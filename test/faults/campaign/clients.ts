import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../../cli/demo/random.ts';
import type { Ledger } from './ledger.ts';
import { type ClientRequest, Traffic } from './traffic.ts';

const LONGEST_PAUSE_MS = 150;
const ANSWER_WITHIN_MS = 5000;
const RETRY_PAUSE_MS = 200;
/** After the faults: longer than any part of the stack may take to come back. */
const PATIENCE_MS = 90_000;

export type ClientOptions = {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly lanes: number;
  /** Part of the clients' identities. */
  readonly round: string;
  /** Collectors that may take requests now. */
  readonly urls: () => readonly string[];
};

/** Clients that send until they are told to stop, each request until it is acknowledged. */
export class Clients {
  readonly #options: ClientOptions;
  readonly #lanes: Promise<void>[];
  #stopped = false;
  #giveUpAtMs = Number.POSITIVE_INFINITY;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, (_, lane) => this.#run(lane));
    // Whoever waits for stop() hears of it.
    for (const lane of this.#lanes) lane.catch(() => {});
  }

  /** Sends nothing new, and resolves when everything that repeats is acknowledged. Throws where it never is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#giveUpAtMs = performance.now() + PATIENCE_MS;
    await Promise.all(this.#lanes);
  }

  async #run(lane: number): Promise<void> {
    const { random, ledger, round } = this.#options;
    const own = random.fork(`lane ${lane}`);
    const traffic = new Traffic(own, ledger, lane, round);
    while (!this.#stopped) {
      await this.#deliver(traffic.next(), own);
      await pause(own.int(0, LONGEST_PAUSE_MS));
    }
  }

  async #deliver(request: ClientRequest, random: Random): Promise<void> {
    for (;;) {
      const { status, text } = await this.#attempt(request, random);
      if (status === 200 && (text === '{}' || text === 'OK')) {
        for (const entry of request.entries) entry.acknowledged = true;
        return;
      }
      if (status !== 0 && status !== 503)
        throw new Error(`Cannot send ${request.path}: the collector answered ${status} ${text}`);
      if (!request.repeats) return;
      if (performance.now() > this.#giveUpAtMs)
        throw new Error(`Cannot send ${request.path}: no success, last answer is ${status} ${text}`);
      await pause(RETRY_PAUSE_MS);
    }
  }

  /** Status 0 where no whole answer came. */
  async #attempt({ path, body }: ClientRequest, random: Random): Promise<{ status: number; text: string }> {
    const urls = this.#options.urls();
    if (urls.length === 0) return { status: 0, text: 'no collector runs' };
    try {
      const response = await fetch(random.pick(urls) + path, {
        method: 'POST',
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      return { status: 0, text: (error as Error).message };
    }
  }
}
