const FIRST_SLOTS = 1024;

/** A power of two, at least twice the slots: a table at most half full. */
function tableLength(slots: number): number {
  return 2 ** Math.ceil(Math.log2(2 * slots));
}

/** An id as four words. The record key is 64 bits: environment and device. */
function wordsOf(recordKey: Buffer, idempotency: Buffer): [number, number, number, number] {
  return [
    (idempotency.readUInt32LE(0) ^ recordKey.readUInt32LE(0)) >>> 0,
    (idempotency.readUInt32LE(4) ^ recordKey.readUInt32LE(4)) >>> 0,
    idempotency.readUInt32LE(8),
    idempotency.readUInt32LE(12),
  ];
}

/**
 * Remembers which idempotency keys were seen, exactly, within a span of receive time and up to a number of
 * ids; beyond either it forgets the oldest first.
 *
 * Ids lie in a ring in the order they came; an open-addressing table of ring positions finds them. Both are
 * typed arrays: ten million ids take about 370 MB and no garbage collection. An id is 128 bits, the hash of
 * the client's key mixed with the record key, so that the same key from two users is two events.
 */
export class DuplicatesWindow {
  readonly #windowMs: number;
  readonly #capacity: number;
  /** Ring: four words of the id, and its receive time, per slot. */
  #words: Uint32Array;
  #times: Float64Array;
  /** Slot + 1 by hash; 0 = free. Always a power of two and at most half full. */
  #table: Uint32Array;
  /** Number of the oldest remembered id and of the next one; a slot is the number modulo the ring's length. */
  #first = 0;
  #next = 0;

  constructor(options: { windowMs: number; capacity: number }) {
    this.#windowMs = options.windowMs;
    this.#capacity = options.capacity;
    const slots = Math.min(FIRST_SLOTS, options.capacity);
    this.#words = new Uint32Array(4 * slots);
    this.#times = new Float64Array(slots);
    this.#table = new Uint32Array(tableLength(slots));
  }

  /** What it remembers, oldest first: four words and a time an id. For a snapshot. */
  toBytes(): { words: Uint8Array; times: Uint8Array } {
    const words = new Uint32Array(4 * this.size);
    const times = new Float64Array(this.size);
    for (let index = 0; index < this.size; index += 1) {
      const slot = this.#slot(this.#first + index);
      words.set(this.#words.subarray(4 * slot, 4 * slot + 4), 4 * index);
      times[index] = this.#times[slot] as number;
    }
    return { words: new Uint8Array(words.buffer), times: new Uint8Array(times.buffer) };
  }

  /** Remembers what `toBytes` gave. Only on a window that remembers nothing yet. */
  fill(words: Uint32Array, times: Float64Array): void {
    const skip = Math.max(0, times.length - this.#capacity);
    for (let index = skip; index < times.length; index += 1) {
      const [a, b, c, d] = words.subarray(4 * index, 4 * index + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const at = this.#find(a, b, c, d);
      // An id that expired and was seen anew lies there twice; the later one counts.
      if (this.#table[at] !== 0) this.#closeGap(at);
      this.#remember(this.#find(a, b, c, d), a, b, c, d, times[index] as number);
    }
  }

  /** Number of ids remembered. */
  get size(): number {
    return this.#next - this.#first;
  }

  /**
   * Whether the id was seen within the window before `nowMs` (stream time). If not, remembers it as received
   * at `receivedAtMs`.
   */
  isDuplicate(recordKey: Buffer, idempotency: Buffer, receivedAtMs: number, nowMs: number): boolean {
    this.#forgetBefore(nowMs - this.#windowMs);
    const [a, b, c, d] = wordsOf(recordKey, idempotency);
    const at = this.#find(a, b, c, d);
    const found = this.#table[at] as number;
    if (found !== 0) {
      if ((this.#times[found - 1] as number) >= nowMs - this.#windowMs) return true;
      // Expired behind one that is not (receive times are not quite in order): seen anew from now on.
      this.#closeGap(at);
      this.#remember(this.#find(a, b, c, d), a, b, c, d, receivedAtMs);
      return false;
    }
    this.#remember(at, a, b, c, d, receivedAtMs);
    return false;
  }

  /** Remembers an id that was let through, as received then, whatever was remembered of it before. */
  letThrough(recordKey: Buffer, idempotency: Buffer, receivedAtMs: number): void {
    const [a, b, c, d] = wordsOf(recordKey, idempotency);
    const at = this.#find(a, b, c, d);
    if (this.#table[at] !== 0) this.#closeGap(at);
    this.#remember(this.#find(a, b, c, d), a, b, c, d, receivedAtMs);
  }

  #forgetBefore(timeMs: number): void {
    while (this.#first < this.#next && (this.#times[this.#slot(this.#first)] as number) < timeMs)
      this.#forgetFirst();
  }

  #remember(at: number, a: number, b: number, c: number, d: number, receivedAtMs: number): void {
    let tableAt = at;
    if (this.size === this.#capacity) {
      this.#forgetFirst();
      tableAt = this.#find(a, b, c, d);
    } else if (this.size === this.#times.length) {
      this.#grow();
      tableAt = this.#find(a, b, c, d);
    }
    const slot = this.#slot(this.#next);
    this.#words.set([a, b, c, d], 4 * slot);
    this.#times[slot] = receivedAtMs;
    this.#table[tableAt] = slot + 1;
    this.#next += 1;
  }

  #slot(number: number): number {
    return number % this.#times.length;
  }

  /** Where the id is in the table, or the free place where it belongs. */
  #find(a: number, b: number, c: number, d: number): number {
    const mask = this.#table.length - 1;
    for (let at = a & mask; ; at = (at + 1) & mask) {
      const found = this.#table[at] as number;
      if (found === 0) return at;
      const word = 4 * (found - 1);
      if (
        this.#words[word] === a &&
        this.#words[word + 1] === b &&
        this.#words[word + 2] === c &&
        this.#words[word + 3] === d
      ) {
        return at;
      }
    }
  }

  #forgetFirst(): void {
    const slot = this.#slot(this.#first);
    const word = 4 * slot;
    const at = this.#find(
      this.#words[word] as number,
      this.#words[word + 1] as number,
      this.#words[word + 2] as number,
      this.#words[word + 3] as number,
    );
    this.#first += 1;
    // An id that was seen anew is found at its later slot and stays.
    if (this.#table[at] === slot + 1) this.#closeGap(at);
  }

  /** Empties a place of the table, moving later entries of its run back so that none becomes unreachable. */
  #closeGap(gap: number): void {
    const mask = this.#table.length - 1;
    let hole = gap;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const found = this.#table[at] as number;
      if (found === 0) break;
      const home = (this.#words[4 * (found - 1)] as number) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#table[hole] = found;
        hole = at;
      }
    }
    this.#table[hole] = 0;
  }

  #grow(): void {
    const kept = this.size;
    const slots = Math.min(2 * this.#times.length, this.#capacity);
    const words = new Uint32Array(4 * slots);
    const times = new Float64Array(slots);
    const table = new Uint32Array(tableLength(slots));
    for (let index = 0; index < kept; index += 1) {
      const slot = this.#slot(this.#first + index);
      words.set(this.#words.subarray(4 * slot, 4 * slot + 4), 4 * index);
      times[index] = this.#times[slot] as number;
    }
    this.#words = words;
    this.#times = times;
    this.#table = table;
    this.#first = 0;
    this.#next = kept;
    for (let index = 0; index < kept; index += 1) {
      const [a, b, c, d] = words.subarray(4 * index, 4 * index + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      // Later slots win, so an id that was seen anew keeps its later one.
      table[this.#find(a, b, c, d)] = index + 1;
    }
  }
}
