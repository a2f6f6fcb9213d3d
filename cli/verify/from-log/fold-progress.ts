import { durationText, thousands } from '../../table.ts';

const SAY_EVERY_MS = 2000;

/** Says now and then how far the fold is, how fast, and how long it may still take. */
export class FoldProgress {
  readonly #total: number;
  readonly #say: (text: string) => void;
  #records = 0;
  #foldMs = 0;
  #saidMs = performance.now();

  constructor(total: number, say: (text: string) => void) {
    this.#total = total;
    this.#say = say;
  }

  /** Counts folded records and the time that reading and folding them took. */
  add(records: number, ms: number): void {
    this.#records += records;
    this.#foldMs += ms;
    if (performance.now() - this.#saidMs < SAY_EVERY_MS) return;
    this.#saidMs = performance.now();
    const left = durationText((1000 * (this.#total - this.#records)) / Math.max(1, this.perSecond));
    this.#say(
      `Folding the log: ${thousands(this.#records)} of ${thousands(this.#total)} records, ${thousands(this.perSecond)} a second, about ${left} left`,
    );
  }

  get records(): number {
    return this.#records;
  }

  get perSecond(): number {
    return Math.round((1000 * this.#records) / Math.max(1, this.#foldMs));
  }
}
