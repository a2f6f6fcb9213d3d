import { setTimeout as pause } from 'node:timers/promises';

/**
 * What becomes of a message that a proxy has caught:
 *
 *   forward   it goes on its way
 *   cut       it is lost, and so is the connection
 *   lateMs    the connection is cut for the sender, who learns nothing; the receiver gets the message so much later
 */
export type Verdict = 'forward' | 'cut' | { readonly lateMs: number };

/** A message that waits in a proxy, with everything behind it on the same connection. */
export type Caught<M> = { readonly message: M; decide(verdict: Verdict): void };

type Trap<M> = { readonly matches: (message: M) => boolean; readonly spring: (caught: Caught<M>) => void };

/** Places where a proxy stops a message until a test has decided about it. */
export class Traps<M> {
  readonly #traps = new Set<Trap<M>>();
  readonly #held = new Set<(verdict: Verdict) => void>();

  /** The next message that matches; it waits until it is decided. Throws the signal's reason when aborted first. */
  next(matches: (message: M) => boolean, signal: AbortSignal): Promise<Caught<M>> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const trap: Trap<M> = {
        matches,
        spring: (caught) => {
          signal.removeEventListener('abort', onAbort);
          resolve(caught);
        },
      };
      const onAbort = () => {
        this.#traps.delete(trap);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#traps.add(trap);
    });
  }

  /** Called by the proxy with each message. */
  async meet(message: M): Promise<Verdict> {
    const trap = this.#traps.values().find(({ matches }) => matches(message));
    if (trap === undefined) return 'forward';
    this.#traps.delete(trap);
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.#held.add(resolve);
    trap.spring({ message, decide: resolve });
    const verdict = await promise;
    this.#held.delete(resolve);
    return verdict;
  }

  /** Lets go of what is held. */
  open(): void {
    for (const decide of this.#held) decide('forward');
  }
}

/** Ways to make a whole connection bad, rather than one message. */
export class Weather {
  /** Time each piece of data takes longer than it must. */
  delayMs = 0;
  /** New connections are closed at once. */
  refuses = false;
  #thawed: PromiseWithResolvers<void> | undefined;

  /** Connections stay open and nothing gets through. */
  freeze(): void {
    this.#thawed ??= Promise.withResolvers<void>();
  }

  clear(): void {
    this.delayMs = 0;
    this.refuses = false;
    this.#thawed?.resolve();
    this.#thawed = undefined;
  }

  async endure(): Promise<void> {
    await this.#thawed?.promise;
    if (this.delayMs > 0) await pause(this.delayMs);
  }
}
