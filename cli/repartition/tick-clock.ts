/** Silence after which a partition of the new log gets a tick, as the collector's own default has it. */
export const TICK_AFTER_MS = 10_000;

/**
 * When partitions of a log get ticks while it is copied. Ticks of the old log say nothing about which partition of the
 * new one is silent, so they are left out, and time goes by what is copied, ticks included: a partition that had no
 * record for ten seconds of it gets one. Where copying goes on after an interruption, silence begins anew.
 */
export class TickClock {
  readonly #lastMs: number[];
  #nowMs = 0;
  #dueMs = 0;

  constructor(partitions: number) {
    this.#lastMs = new Array(partitions).fill(0);
  }

  /**
   * Moves time on to that of a record, which may be behind, and notes the partition that got it, if any. Answers the
   * partitions that are to have a tick now.
   */
  advance(timeMs: number, partition: number | undefined): { nowMs: number; silent: readonly number[] } {
    if (this.#nowMs === 0) {
      this.#lastMs.fill(timeMs);
      this.#dueMs = timeMs + TICK_AFTER_MS;
    }
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const nowMs = this.#nowMs;
    if (partition !== undefined) this.#lastMs[partition] = nowMs;
    if (nowMs < this.#dueMs) return { nowMs, silent: NONE };
    const silent: number[] = [];
    this.#lastMs.forEach((lastMs, at) => {
      if (nowMs - lastMs < TICK_AFTER_MS) return;
      this.#lastMs[at] = nowMs;
      silent.push(at);
    });
    this.#dueMs = Math.min(...this.#lastMs) + TICK_AFTER_MS;
    return { nowMs, silent };
  }
}

const NONE: readonly number[] = [];
