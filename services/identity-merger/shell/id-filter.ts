import { type IdRows, orderWord, ROW_WORDS } from './id-rows.ts';

/** Ids to a word of 32 bits. With four bits set for each, about one unknown id in a hundred passes. */
const IDS_PER_WORD = 2;

/**
 * Tells of most ids that they are not among a segment's, from memory: 2 bytes an id. A Bloom filter of which an id
 * touches one word, so that asking costs one miss of the processor's cache.
 */
export class IdFilter {
  readonly #words: Uint32Array;

  constructor(ids: number) {
    this.#words = new Uint32Array(Math.floor(ids / IDS_PER_WORD) + 1);
  }

  addRows(rows: IdRows): void {
    for (let at = 0; at < rows.length; at += ROW_WORDS) {
      const [a, b, c] = [rows[at] as number, rows[at + 1] as number, rows[at + 2] as number];
      const word = this.#wordOf(a, b);
      this.#words[word] = (this.#words[word] as number) | maskOf(b, c);
    }
  }

  /** False only where the id is not among those that were added. */
  mayHold(a: number, b: number, c: number): boolean {
    const mask = maskOf(b, c);
    return ((this.#words[this.#wordOf(a, b)] as number) & mask) === mask;
  }

  #wordOf(a: number, b: number): number {
    return Math.floor((orderWord(a, b) / 2 ** 32) * this.#words.length);
  }
}

function maskOf(b: number, c: number): number {
  const bits = c ^ Math.imul(b, 0x85ebca6b);
  return (1 << bits) | (1 << (bits >>> 5)) | (1 << (bits >>> 10)) | (1 << (bits >>> 15));
}
