import { RowArena } from './row-arena.ts';

export type SessionName = {
  readonly environment: number;
  readonly deviceId: number;
  readonly sessionId: number;
};

const FIRST_SLOTS = 1024;
const NONE = 0;

/**
 * Encoded rows of sessions by device, with the time until which each can change. Nothing but typed arrays: a
 * million sessions take their rows' bytes and about 50 bytes each, and nothing that a garbage collector walks.
 *
 * A session has a slot. Slots of devices with the same hash are chained, and so are free slots; links are
 * slot + 1, and 0 ends a chain.
 */
export class SessionTable {
  readonly #arena = new RowArena((slot, position) => {
    this.#positions[slot] = position;
  });
  #environments = new Uint16Array(FIRST_SLOTS);
  #deviceIds = new Float64Array(FIRST_SLOTS);
  #sessionIds = new Float64Array(FIRST_SLOTS);
  /** Infinity in a free slot. */
  #changesUntilMs = new Float64Array(FIRST_SLOTS);
  #positions = new Float64Array(FIRST_SLOTS);
  #next = new Uint32Array(FIRST_SLOTS);
  /** By hash; as many as slots, a power of two. */
  #heads = new Uint32Array(FIRST_SLOTS);
  /** Slots that were ever taken. */
  #taken = 0;
  #free = NONE;
  #size = 0;
  #hand = 0;

  /** Number of sessions. */
  get size(): number {
    return this.#size;
  }

  /** Takes a session's row in, in the place of its last one where there is one. */
  put(name: SessionName, changesUntilMs: number, row: Uint8Array): void {
    const known = this.#find(name);
    if (known >= 0) {
      this.#changesUntilMs[known] = changesUntilMs;
      this.#positions[known] = this.#arena.replace(this.#positions[known] as number, row);
      return;
    }
    const slot = this.#takeSlot();
    this.#environments[slot] = name.environment;
    this.#deviceIds[slot] = name.deviceId;
    this.#sessionIds[slot] = name.sessionId;
    this.#changesUntilMs[slot] = changesUntilMs;
    this.#positions[slot] = this.#arena.add(slot, row);
    this.#link(slot);
    this.#size += 1;
  }

  remove(name: SessionName): void {
    const slot = this.#find(name);
    if (slot >= 0) this.#release(slot);
  }

  /** Rows of a device's sessions that can still change, of all environments: views, good until the next `put`. */
  rowsOf(deviceId: number, streamTimeMs: number): readonly Buffer[] {
    const rows: Buffer[] = [];
    for (let link = this.#heads[this.#hash(deviceId)] as number; link !== NONE; ) {
      const slot = link - 1;
      const isWanted =
        this.#deviceIds[slot] === deviceId && (this.#changesUntilMs[slot] as number) >= streamTimeMs;
      if (isWanted) rows.push(this.#arena.read(this.#positions[slot] as number));
      link = this.#next[slot] as number;
    }
    return rows;
  }

  /** Looks at the next few slots, round and round, and lets go of sessions that can no longer change. */
  sweep(streamTimeMs: number, slots: number): void {
    for (let looks = Math.min(slots, this.#taken); looks > 0; looks -= 1) {
      if (this.#hand >= this.#taken) this.#hand = 0;
      if ((this.#changesUntilMs[this.#hand] as number) < streamTimeMs) this.#release(this.#hand);
      this.#hand += 1;
    }
  }

  /** Blocks of memory that hold every row (rowsOfBlocks() finds them): views, good until the table changes. */
  blocks(): readonly Uint8Array[] {
    return this.#arena.blocks();
  }

  #find({ environment, deviceId, sessionId }: SessionName): number {
    for (let link = this.#heads[this.#hash(deviceId)] as number; link !== NONE; ) {
      const slot = link - 1;
      const isIt =
        this.#sessionIds[slot] === sessionId &&
        this.#deviceIds[slot] === deviceId &&
        this.#environments[slot] === environment;
      if (isIt) return slot;
      link = this.#next[slot] as number;
    }
    return -1;
  }

  #takeSlot(): number {
    if (this.#free !== NONE) {
      const slot = this.#free - 1;
      this.#free = this.#next[slot] as number;
      return slot;
    }
    if (this.#taken === this.#heads.length) this.#grow();
    this.#taken += 1;
    return this.#taken - 1;
  }

  #release(slot: number): void {
    this.#unlink(slot);
    this.#arena.remove(this.#positions[slot] as number);
    this.#changesUntilMs[slot] = Number.POSITIVE_INFINITY;
    this.#next[slot] = this.#free;
    this.#free = slot + 1;
    this.#size -= 1;
  }

  #link(slot: number): void {
    const hash = this.#hash(this.#deviceIds[slot] as number);
    this.#next[slot] = this.#heads[hash] as number;
    this.#heads[hash] = slot + 1;
  }

  #unlink(slot: number): void {
    const hash = this.#hash(this.#deviceIds[slot] as number);
    if (this.#heads[hash] === slot + 1) {
      this.#heads[hash] = this.#next[slot] as number;
      return;
    }
    let before = (this.#heads[hash] as number) - 1;
    while (this.#next[before] !== slot + 1) before = (this.#next[before] as number) - 1;
    this.#next[before] = this.#next[slot] as number;
  }

  /** Only when every slot is taken, so that all of them are linked anew. */
  #grow(): void {
    const slots = 2 * this.#heads.length;
    this.#environments = enlarged(this.#environments, new Uint16Array(slots));
    this.#deviceIds = enlarged(this.#deviceIds, new Float64Array(slots));
    this.#sessionIds = enlarged(this.#sessionIds, new Float64Array(slots));
    this.#changesUntilMs = enlarged(this.#changesUntilMs, new Float64Array(slots));
    this.#positions = enlarged(this.#positions, new Float64Array(slots));
    this.#next = new Uint32Array(slots);
    this.#heads = new Uint32Array(slots);
    for (let slot = 0; slot < this.#taken; slot += 1) this.#link(slot);
  }

  #hash(deviceId: number): number {
    const low = (deviceId % 2 ** 32) | 0;
    const mixed = Math.imul(low ^ Math.imul((deviceId / 2 ** 32) | 0, 0x9e37_79b1), 0x85eb_ca6b);
    return (mixed ^ (mixed >>> 15)) & (this.#heads.length - 1);
  }
}

function enlarged<T extends Uint16Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
