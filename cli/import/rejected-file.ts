import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { CommandError } from '../usage-error.ts';
import type { RowRefusal } from './source.ts';

const MOST_SHOWN = 5;

export type RejectedRow = { readonly row: number } & RowRefusal;

/** The report of rejected rows, as JSON lines. The file is made with the first of them. */
export class RejectedFile {
  readonly path: string;
  readonly #append: boolean;
  readonly #first: RejectedRow[] = [];
  #stream: WriteStream | undefined;
  #failure: Error | undefined;
  #count = 0;

  /** `append` keeps what an earlier part of the same import has written. */
  constructor(path: string, append: boolean) {
    this.path = path;
    this.#append = append;
  }

  get count(): number {
    return this.#count;
  }

  /** The first few, to be shown. */
  get first(): readonly RejectedRow[] {
    return this.#first;
  }

  /** Throws CommandError where the file cannot be written. */
  async add(row: number, { code, message }: RowRefusal, values: unknown): Promise<void> {
    this.#count += 1;
    if (this.#first.length < MOST_SHOWN) this.#first.push({ row, code, message });
    this.#stream ??= this.#open();
    const isTaken = this.#stream.write(`${JSON.stringify({ row, code, message, values })}\n`);
    if (!isTaken) await once(this.#stream, 'drain').catch(() => undefined);
    this.#check();
  }

  async close(): Promise<void> {
    if (this.#stream === undefined) return;
    this.#stream.end();
    await finished(this.#stream).catch(() => undefined);
    this.#check();
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.path, { flags: this.#append ? 'a' : 'w' });
    stream.on('error', (error) => {
      this.#failure = error;
    });
    return stream;
  }

  #check(): void {
    if (this.#failure !== undefined)
      throw new CommandError(`Cannot write rejected rows to ${this.path}: ${this.#failure.message}`);
  }
}
