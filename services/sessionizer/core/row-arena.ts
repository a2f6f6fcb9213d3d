/** Slot of the row and its length, before its bytes. */
const HEADER_BYTES = 8;
const SEGMENT_BYTES = 1024 * 1024;
/** A position is a segment's number times this, plus the offset in it: exact as a double. */
const SEGMENT_STRIDE = 2 ** 32;

type Segment = { readonly bytes: Buffer; end: number; liveBytes: number };

/**
 * Rows of bytes in a few large blocks of memory, so that a million of them cost their bytes and no objects. Each
 * belongs to a slot of its owner, who is told where a row has moved: a block less than half in use is given up.
 */
export class RowArena {
  readonly #moved: (slot: number, position: number) => void;
  readonly #segments: (Segment | undefined)[] = [];
  #current = -1;

  constructor(moved: (slot: number, position: number) => void) {
    this.#moved = moved;
  }

  /** Takes a row in and answers its position. */
  add(slot: number, row: Uint8Array): number {
    const bytes = HEADER_BYTES + row.length;
    let segment = this.#segments[this.#current];
    if (segment === undefined || segment.end + bytes > segment.bytes.length) {
      segment = { bytes: Buffer.allocUnsafeSlow(Math.max(SEGMENT_BYTES, bytes)), end: 0, liveBytes: 0 };
      const free = this.#segments.indexOf(undefined);
      this.#current = free < 0 ? this.#segments.length : free;
      this.#segments[this.#current] = segment;
    }
    const at = segment.end;
    segment.bytes.writeUInt32LE(slot, at);
    segment.bytes.writeUInt32LE(row.length, at + 4);
    segment.bytes.set(row, at + HEADER_BYTES);
    segment.end += bytes;
    segment.liveBytes += bytes;
    return this.#current * SEGMENT_STRIDE + at;
  }

  /** The row at a position: a view, good until the next `replace`. */
  read(position: number): Buffer {
    const { bytes, at } = this.#locate(position);
    return bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + bytes.readUInt32LE(at + 4));
  }

  /** Puts a row in the place of another and answers its position, a new one where the lengths differ. */
  replace(position: number, row: Uint8Array): number {
    const { bytes, at } = this.#locate(position);
    if (bytes.readUInt32LE(at + 4) === row.length) {
      bytes.set(row, at + HEADER_BYTES);
      return position;
    }
    const next = this.add(bytes.readUInt32LE(at), row);
    this.remove(position);
    return next;
  }

  remove(position: number): void {
    const { segment, number, bytes, at } = this.#locate(position);
    segment.liveBytes -= HEADER_BYTES + bytes.readUInt32LE(at + 4);
    bytes.writeUInt32LE(NOBODY, at);
    if (number !== this.#current && 2 * segment.liveBytes < segment.bytes.length)
      this.#giveUp(number, segment);
  }

  /** The blocks as they are, removed rows among the others: views, good until the arena changes. */
  blocks(): readonly Uint8Array[] {
    return this.#segments
      .filter((segment) => segment !== undefined)
      .map(({ bytes, end }) => bytes.subarray(0, end));
  }

  /** Moves what is left of a segment to the end, and lets go of it. */
  #giveUp(number: number, { bytes, end }: Segment): void {
    this.#segments[number] = undefined;
    for (let at = 0; at < end; ) {
      const slot = bytes.readUInt32LE(at);
      const rowAt = at + HEADER_BYTES;
      at = rowAt + bytes.readUInt32LE(at + 4);
      if (slot !== NOBODY) this.#moved(slot, this.add(slot, bytes.subarray(rowAt, at)));
    }
  }

  #locate(position: number) {
    const number = Math.floor(position / SEGMENT_STRIDE);
    const segment = this.#segments[number] as Segment;
    return { number, segment, bytes: segment.bytes, at: position % SEGMENT_STRIDE };
  }
}

/** Slot of a row that was removed. */
const NOBODY = 0xffff_ffff;

/** Rows that lie in the bytes of blocks, one block after another: views. */
export function* rowsOfBlocks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const slot = bytes.readUInt32LE(at);
    const rowAt = at + HEADER_BYTES;
    at = rowAt + bytes.readUInt32LE(at + 4);
    if (slot !== NOBODY) yield bytes.subarray(rowAt, at);
  }
}
