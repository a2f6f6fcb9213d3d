import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { openClickHouse } from '../clickhouse-access.ts';
import { readSwitches } from './live-generation.ts';

const LOOK_EVERY_MS = 1000;
const PATIENCE_MS = 5000;

/** Looks which generations readers see: a switch is a row in ClickHouse, whoever wrote it. */
export class SwitchWatch {
  readonly #clickhouse: ClickHouseClient;

  constructor(clickhouseUrl: string) {
    this.#clickhouse = openClickHouse(clickhouseUrl, PATIENCE_MS);
  }

  /**
   * Generations that were switched to and not dropped, the live one first. Waits for the server, as services do.
   * Throws the signal's reason where it is aborted first.
   */
  async first(signal: AbortSignal, say: (text: string) => void): Promise<readonly number[]> {
    for (let said = ''; ; ) {
      try {
        return await this.#read();
      } catch (error) {
        const { message } = error as Error;
        if (message !== said) say(`Waiting for ClickHouse: ${message}`);
        said = message;
        await pause(LOOK_EVERY_MS, undefined, { signal });
      }
    }
  }

  async #read(): Promise<readonly number[]> {
    return (await readSwitches(this.#clickhouse)).map(({ generation }) => generation);
  }

  /** Calls back with what they are once a second, until the signal is aborted. A server that is away is asked again. */
  async watch(seen: (generations: readonly number[]) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const generations = await this.#read().catch(() => []);
      if (signal.aborted) return;
      seen(generations);
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.#clickhouse.close();
  }
}
