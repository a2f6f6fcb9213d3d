import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Waits until a condition gives a value, and fails with what was waited for and what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      last = await look();
      if (last !== undefined && last !== false) return last as T;
    } catch (error) {
      last = error;
    }
    if (Date.now() > giveUpAt)
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}: last seen ${last}`, { cause: last });
    await pause(LOOK_EVERY_MS);
  }
}
