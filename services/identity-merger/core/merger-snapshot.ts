import { Bindings } from './bindings.ts';
import type { BlockList } from './block-list.ts';
import type { DuplicatesWindow } from './duplicates-window.ts';
import type { MergerState } from './processor.ts';

/** Number of the layout below; a change of it makes every older snapshot unusable. */
export const MERGER_SNAPSHOT_FORMAT = 1;

/** Numbers of bindings, of ids; then the arrays, each a multiple of eight bytes. */
const COUNTS_BYTES = 16;

export function encodeMergerState({ bindings, duplicates }: MergerState): readonly Uint8Array[] {
  const numbers = bindings.toNumbers();
  const { words, times } = duplicates.unstored();
  const counts = new Float64Array([numbers.length / 3, times.length]);
  return [counts, numbers, times, words].map(({ buffer }) => new Uint8Array(buffer));
}

/** State of a snapshot's bytes. `duplicates` is a window that remembers nothing yet, `blocks` a list to be read anew. */
export function decodeMergerState(
  bytes: Buffer,
  duplicates: DuplicatesWindow,
  blocks: BlockList,
): MergerState {
  // Typed arrays want aligned memory, which a part of a file's bytes is not.
  const memory = new Uint8Array(bytes).buffer;
  const [bindingCount = 0, idCount = 0] = new Float64Array(memory, 0, 2);
  const numbers = new Float64Array(memory, COUNTS_BYTES, 3 * bindingCount);
  const timesAt = COUNTS_BYTES + numbers.byteLength;
  const times = new Float64Array(memory, timesAt, idCount);
  const words = new Uint32Array(memory, timesAt + times.byteLength, 4 * idCount);
  const bindings = new Bindings();
  for (let at = 0; at < numbers.length; at += 3) {
    bindings.bind(numbers[at] as number, numbers[at + 1] as number, numbers[at + 2] as number);
  }
  duplicates.fill(words, times);
  return { bindings, duplicates, blocks };
}
