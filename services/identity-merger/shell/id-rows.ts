/**
 * Ids as rows of 32-bit words, in the order in which a segment keeps them: four words of the id, and the receive time,
 * low word first. Rows of the same order word stand in the order they came, so the last of an id counts.
 */
export type IdRows = Uint32Array<ArrayBuffer>;

export const ROW_WORDS = 6;
export const ROW_BYTES: number = 4 * ROW_WORDS;

const WORD = 2 ** 32;
/** A double holds an order word and a row number of so many rows exactly. */
const MAX_SORTED = 2 ** 21;

/**
 * Word by which rows are ordered. The first word alone would be the same for all devices with like numbers that use
 * the same key.
 */
export function orderWord(a: number, b: number): number {
  return (a ^ Math.imul(b, 0x9e3779b1)) >>> 0;
}

/** Rows of ids, four words each in `words`, with their receive times in epoch ms. */
export function toRows(words: Uint32Array, timesMs: Float64Array): IdRows {
  const count = timesMs.length;
  if (count > MAX_SORTED) {
    const half = count >>> 1;
    return mergeRows(
      toRows(words.subarray(0, 4 * half), timesMs.subarray(0, half)),
      toRows(words.subarray(4 * half), timesMs.subarray(half)),
    );
  }
  const order = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    order[index] = orderWord(words[4 * index] as number, words[4 * index + 1] as number) * MAX_SORTED + index;
  }
  order.sort();
  const rows = new Uint32Array(ROW_WORDS * count);
  for (let row = 0; row < count; row += 1) {
    const index = (order[row] as number) % MAX_SORTED;
    const at = ROW_WORDS * row;
    rows.set(words.subarray(4 * index, 4 * index + 4), at);
    const timeMs = timesMs[index] as number;
    rows[at + 4] = timeMs % WORD;
    rows[at + 5] = Math.floor(timeMs / WORD);
  }
  return rows;
}

/** All rows of both, in order; `later` came after `earlier`. */
export function mergeRows(earlier: IdRows, later: IdRows): IdRows {
  const merged = new Uint32Array(earlier.length + later.length);
  let left = 0;
  let right = 0;
  for (let at = 0; at < merged.length; at += ROW_WORDS) {
    const isLeft =
      right >= later.length ||
      (left < earlier.length && orderOfRow(earlier, left) <= orderOfRow(later, right));
    const from = isLeft ? earlier : later;
    const start = isLeft ? left : right;
    for (let word = 0; word < ROW_WORDS; word += 1) merged[at + word] = from[start + word] as number;
    if (isLeft) left += ROW_WORDS;
    else right += ROW_WORDS;
  }
  return merged;
}

/** Order word of the row that begins at a word. */
export function orderOfRow(rows: IdRows, at: number): number {
  return orderWord(rows[at] as number, rows[at + 1] as number);
}

/** Receive time, epoch ms, of the row that begins at a word. */
export function timeOfRow(rows: IdRows, at: number): number {
  return (rows[at + 5] as number) * WORD + (rows[at + 4] as number);
}
