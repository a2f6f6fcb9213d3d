import { durationText, thousands } from '../table.ts';

const TERMINAL_EVERY_MS = 250;
const LOG_EVERY_MS = 10_000;

export type Standing = {
  /** Rows read in this run. */
  readonly rows: number;
  readonly rejected: number;
  /** First row that is not known to be in the log. */
  readonly nextRow: number;
  /** Share of the file that was read, 0..1, where its size is known. */
  readonly share: number | undefined;
};

/** Tells on stderr how far an import is: one line that changes on a terminal, else a line now and then. */
export class ImportProgress {
  readonly #stderr: { write(text: string): unknown; isTTY?: boolean };
  readonly #startedMs = performance.now();
  #saidMs = performance.now();
  #hasLine = false;

  constructor(stderr: { write(text: string): unknown; isTTY?: boolean }) {
    this.#stderr = stderr;
  }

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  tell(standing: Standing): void {
    const now = performance.now();
    const isTerminal = this.#stderr.isTTY === true;
    if (now - this.#saidMs < (isTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS)) return;
    this.#saidMs = now;
    const text = progressText(standing, this.seconds);
    this.#hasLine = isTerminal;
    this.#stderr.write(isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Takes the changing line away, before anything else is written. */
  end(): void {
    if (this.#hasLine) this.#stderr.write('\r\x1b[K');
    this.#hasLine = false;
  }
}

/** One line: rows, share, rate, the time that is left, and where to go on after a stop. */
export function progressText({ rows, rejected, nextRow, share }: Standing, seconds: number): string {
  const left = share === undefined || share === 0 ? undefined : (seconds * (1 - share) * 1000) / share;
  return [
    `${thousands(rows)} rows`,
    ...(share === undefined ? [] : [`${Math.floor(100 * share)}%`]),
    `${thousands(Math.round(rows / seconds))} rows/s`,
    ...(left === undefined ? [] : [`${durationText(left)} left`]),
    ...(rejected === 0 ? [] : [`${thousands(rejected)} rejected`]),
    `all before row ${nextRow} done`,
  ].join(', ');
}
