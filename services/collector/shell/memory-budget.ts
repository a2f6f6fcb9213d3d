/** Bytes held for requests that are not answered yet, of bodies first and of encoded records then. */
export class MemoryBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  open(): Share {
    let held = 0;
    return {
      hold: (bytes) => {
        if (bytes > held && this.#bytes - held + bytes > this.#maxBytes) return false;
        this.#bytes += bytes - held;
        held = bytes;
        return true;
      },
      close: () => {
        this.#bytes -= held;
        held = 0;
      },
    };
  }
}

/** What one request holds of the budget. */
export type Share = {
  /** Sets the request's share; false, and nothing changes, where the budget has no room for it. */
  hold(bytes: number): boolean;
  /** Gives everything back. */
  close(): void;
};
