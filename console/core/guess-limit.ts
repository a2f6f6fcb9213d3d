/** Wrong keys in a row that cost nothing: people mistype. */
const FREE_GUESSES = 4;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** Addresses remembered; beyond them the one that guessed longest ago is forgotten. */
const MOST_GUESSERS = 10_000;

type Guesser = { readonly wrong: number; readonly lastMs: number };

/** Slows down who guesses keys: after a few wrong ones an address waits twice as long with each further one. */
export class GuessLimit {
  readonly #guessers = new Map<string, Guesser>();

  /** Milliseconds until this address may try again; 0 = now. */
  waitMs(address: string, nowMs: number): number {
    const guesser = this.#guessers.get(networkOf(address));
    if (guesser === undefined || guesser.wrong < FREE_GUESSES) return 0;
    const pauseMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (guesser.wrong - FREE_GUESSES));
    return Math.max(0, guesser.lastMs + pauseMs - nowMs);
  }

  wrong(address: string, nowMs: number): void {
    const network = networkOf(address);
    const wrong = (this.#guessers.get(network)?.wrong ?? 0) + 1;
    this.#guessers.delete(network);
    this.#guessers.set(network, { wrong, lastMs: nowMs });
    const [oldest] = this.#guessers.keys();
    if (this.#guessers.size > MOST_GUESSERS && oldest !== undefined) this.#guessers.delete(oldest);
  }

  right(address: string): void {
    this.#guessers.delete(networkOf(address));
  }
}

/** An IPv6 subscriber has a whole /64. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  return address.split(':').slice(0, 4).join(':');
}
