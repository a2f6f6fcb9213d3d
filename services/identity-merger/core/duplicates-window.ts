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

/** Ids that have left memory. It is read at once, since a step does not wait. */
export type OlderIds = {
  /** Receive time, epoch ms, of the id when it was last let through; undefined = not known here. */
  receivedAt(a: number, b: number, c: number, d: number): number | undefined;
  readonly ids: number;
  readonly bytes: number;
};

export type WindowOptions = {
  /** How long an id is remembered, by receive time. */
  readonly windowMs: number;
  /** How many ids lie in memory. */
  readonly capacity: number;
  /**
   * Whether ids beyond the capacity wait in memory until `markStored` says that they lie among the older ones. If
   * not, the oldest is forgotten, and the capacity bounds what is remembered.
   */
  readonly overflows?: boolean;
};

/**
 * Remembers which idempotency keys were seen, exactly, within a span of receive time and up to a number of
 * ids; beyond either it forgets the oldest first. With older ids beside it the span alone counts: where an id lies
 * changes no answer.
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
  /** Number of the first id that is not among the older ones yet. */
  #stored = 0;
  readonly #overflows: boolean;
  #older: OlderIds | undefined;

  constructor(options: WindowOptions) {
    this.#windowMs = options.windowMs;
    this.#capacity = options.capacity;
    this.#overflows = options.overflows ?? false;
    const slots = Math.min(FIRST_SLOTS, options.capacity);
    this.#words = new Uint32Array(4 * slots);
    this.#times = new Float64Array(slots);
    this.#table = new Uint32Array(tableLength(slots));
  }

  /** Looks for what memory does not hold among these ids too. */
  useOlder(older: OlderIds): void {
    this.#older = older;
  }

  /** What only memory knows, in the order it came: four words and a time an id. For a snapshot, or to be stored. */
  unstored(): { words: Uint32Array<ArrayBuffer>; times: Float64Array<ArrayBuffer> } {
    const words = new Uint32Array(4 * this.waiting);
    const times = new Float64Array(this.waiting);
    const from = this.#next - this.waiting;
    for (let index = 0; index < times.length; index += 1) {
      const slot = this.#slot(from + index);
      words.set(this.#words.subarray(4 * slot, 4 * slot + 4), 4 * index);
      times[index] = this.#times[slot] as number;
    }
    return { words, times };
  }

  /** All that memory holds lies among the older ids now, and may go where room is wanted. */
  markStored(): void {
    this.#stored = this.#next;
    while (this.size > this.#capacity) this.#forgetFirst();
  }

  /** Number of ids that only memory knows. */
  get waiting(): number {
    return this.#next - Math.max(this.#first, this.#stored);
  }

  /** The bounds in force and what is held under them. Milliseconds, ids, bytes. */
  facts(): Readonly<Record<string, number>> {
    return {
      duplicates_window_ms: this.#windowMs,
      // With older ids beside it no number of ids bounds what is remembered.
      duplicates_max_ids: this.#overflows ? 0 : this.#capacity,
      duplicates_ids_in_memory: this.size,
      duplicates_ids_on_disk: this.#older?.ids ?? 0,
      duplicates_bytes_on_disk: this.#older?.bytes ?? 0,
    };
  }

  /** Remembers what `unstored` gave. Only on a window that remembers nothing yet. */
  fill(words: Uint32Array, times: Float64Array): void {
    const skip = this.#overflows ? 0 : Math.max(0, times.length - this.#capacity);
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
    // What lies in memory was let through later than what is known of the same id elsewhere.
    const olderMs = this.#older?.receivedAt(a, b, c, d);
    if (olderMs !== undefined && olderMs >= nowMs - this.#windowMs) return true;
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
    if (this.size >= this.#capacity && (!this.#overflows || this.#first < this.#stored)) {
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
    const slots = kept < this.#capacity ? Math.min(2 * kept, this.#capacity) : 2 * kept;
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
    this.#stored = Math.max(0, this.#stored - this.#first);
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
