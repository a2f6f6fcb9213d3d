import type { Values } from './source.ts';

/** A row on its way. */
export type OutboundRow = {
  readonly row: number;
  /** Identity or account id, as text. */
  readonly id: string;
  /** JSON text of the row as the collector takes it. */
  readonly json: string;
  readonly values: Values;
};

/** Rows of one request, in the file's order; none is empty. */
export type Batch = readonly OutboundRow[];

type Sending = { readonly firstRow: number; readonly ids: ReadonlySet<string>; readonly done: Promise<void> };

/**
 * Keeps a few batches under way. A batch waits for those before it that hold one of its ids: the last row of an id
 * in the file is then the last one in the log, whichever request is answered first.
 */
export class Outbox {
  readonly #connections: number;
  readonly #send: (batch: Batch) => Promise<void>;
  readonly #sending = new Set<Sending>();
  #failure: { readonly reason: unknown } | undefined;

  constructor(connections: number, send: (batch: Batch) => Promise<void>) {
    this.#connections = connections;
    this.#send = send;
  }

  /** Row before which all that was added has been answered; undefined where nothing is under way. */
  get firstUnanswered(): number | undefined {
    const rows = [...this.#sending].map(({ firstRow }) => firstRow);
    return rows.length === 0 ? undefined : Math.min(...rows);
  }

  /** Resolves when the batch is on its way. Throws what made an earlier one fail. */
  async add(batch: Batch): Promise<void> {
    const ids = new Set(batch.map(({ id }) => id));
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.reason;
      const inTheWay = [...this.#sending].filter((sending) => !sending.ids.isDisjointFrom(ids));
      if (inTheWay.length > 0) await Promise.all(inTheWay.map(({ done }) => done));
      else if (this.#sending.size >= this.#connections)
        await Promise.race([...this.#sending].map(({ done }) => done));
      else break;
    }
    const sending: Sending = {
      firstRow: batch[0]!.row,
      ids,
      // A batch that failed stays: its rows are not known to be in the log.
      done: this.#send(batch).then(
        () => void this.#sending.delete(sending),
        (reason) => {
          this.#failure ??= { reason };
        },
      ),
    };
    this.#sending.add(sending);
  }

  /** Resolves when everything is answered. Throws what made a batch fail. */
  async drain(): Promise<void> {
    await Promise.all([...this.#sending].map(({ done }) => done));
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}
