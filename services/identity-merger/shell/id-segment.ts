import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { UnavailableError } from '#lib/errors.ts';
import { IdFilter } from './id-filter.ts';
import { type IdRows, orderOfRow, orderWord, ROW_BYTES, ROW_WORDS, timeOfRow } from './id-rows.ts';

/** Number of the layout below; a change of it makes every older segment unusable. */
export const SEGMENT_FORMAT = 1;

/** What a segment holds: all ids let through in a stretch of a partition's `events.identified`. */
export type SegmentHeader = {
  readonly format: number;
  readonly clusterId: string;
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly partitions: number;
  /** First offset of the stretch and the one after it, as decimal text. */
  readonly from: string;
  readonly to: string;
  /** Committed offset of the input when it was written. */
  readonly position: string;
  /** No record before the stretch is younger than the first, none in it than the second. Epoch ms. */
  readonly sinceMs: number;
  readonly throughMs: number;
  readonly ids: number;
};

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;
const LONGEST_HEADER = 64 * 1024;
const ROWS_PER_BLOCK = 128;
const BLOCKS_PER_READ = 1024;
const BLOCK_BYTES = ROWS_PER_BLOCK * ROW_BYTES;

/**
 * A file of ids that is written once and never changed. It says itself what it holds and carries a checksum, so
 * it does not matter who wrote it: any process that folds the same stretch would write the same ids.
 *
 * Bytes: length of the header (4, big-endian), header (JSON), rows in order, SHA-256 of all before (32). In memory
 * lie a filter and the first order word of each block of rows, so an id that is not there costs no read, and one
 * that is there costs one.
 */
export class IdSegment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly bytes: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly #fd: number;
  readonly #rowsAt: number;
  readonly #filter: IdFilter;
  /** Order word of each block's first row. */
  readonly #firstWords: Uint32Array;
  readonly #block: IdRows = new Uint32Array(ROWS_PER_BLOCK * ROW_WORDS);
  #isClosed = false;

  private constructor(
    path: string,
    file: { fd: number; header: SegmentHeader; rowsAt: number; bytes: number },
  ) {
    this.path = path;
    this.header = file.header;
    this.bytes = file.bytes;
    this.from = BigInt(file.header.from);
    this.to = BigInt(file.header.to);
    this.#fd = file.fd;
    this.#rowsAt = file.rowsAt;
    this.#filter = new IdFilter(file.header.ids);
    this.#firstWords = new Uint32Array(Math.ceil(file.header.ids / ROWS_PER_BLOCK));
  }

  /** Opens a file and reads all of it once. Throws Error where it is not whole. */
  static async open(path: string, heartbeat: () => Promise<void>): Promise<IdSegment> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const digest = createHash('sha256');
      const { header, head } = await readHeader(file);
      const rowsBytes = header.ids * ROW_BYTES;
      if (size !== head.length + rowsBytes + DIGEST_BYTES) throw new Error('it is not as long as it says');
      digest.update(head);
      const segment = new IdSegment(path, {
        fd: openSync(path, 'r'),
        header,
        rowsAt: head.length,
        bytes: size,
      });
      try {
        const piece = new Uint32Array((BLOCKS_PER_READ * BLOCK_BYTES) / 4);
        for (let at = 0; at < rowsBytes; at += piece.byteLength) {
          const bytes = new Uint8Array(piece.buffer, 0, Math.min(piece.byteLength, rowsBytes - at));
          await file.read(bytes, 0, bytes.length, head.length + at);
          digest.update(bytes);
          segment.#index(piece.subarray(0, bytes.length / 4), at / BLOCK_BYTES);
          await heartbeat();
        }
        const expected = Buffer.alloc(DIGEST_BYTES);
        await file.read(expected, 0, DIGEST_BYTES, head.length + rowsBytes);
        if (!digest.digest().equals(expected)) throw new Error('its checksum does not fit');
        return segment;
      } catch (error) {
        segment.close();
        throw error;
      }
    } finally {
      await file.close();
    }
  }

  /** Receive time of an id in this stretch, epoch ms; undefined where it is not there. Throws UnavailableError. */
  receivedAt(a: number, b: number, c: number, d: number): number | undefined {
    if (!this.#filter.mayHold(a, b, c)) return undefined;
    const order = orderWord(a, b);
    const rows = this.#block;
    let found: number | undefined;
    for (let block = this.#blockBefore(order); block < this.#firstWords.length; block += 1) {
      const words = this.#read(block);
      for (let at = 0; at < words; at += ROW_WORDS) {
        if (rows[at] === a && rows[at + 1] === b && rows[at + 2] === c && rows[at + 3] === d)
          found = timeOfRow(rows, at);
        else if (orderOfRow(rows, at) > order) return found;
      }
    }
    return found;
  }

  /**
   * All its rows, read anew from the file and checked: another process may have put one of the same stretch in its place
   * that is laid out otherwise. Throws Error where it is not whole.
   */
  async rows(): Promise<IdRows> {
    const file = await open(this.path);
    try {
      const { header, head } = await readHeader(file);
      if (header.from !== this.header.from || header.to !== this.header.to)
        throw new Error('it is of another stretch');
      const rows = new Uint32Array(header.ids * ROW_WORDS);
      const bytes = new Uint8Array(rows.buffer);
      await file.read(bytes, 0, bytes.length, head.length);
      const expected = Buffer.alloc(DIGEST_BYTES);
      await file.read(expected, 0, DIGEST_BYTES, head.length + bytes.length);
      const digest = createHash('sha256').update(head).update(bytes).digest();
      if (!digest.equals(expected)) throw new Error('its checksum does not fit');
      return rows;
    } finally {
      await file.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #index(rows: IdRows, firstBlock: number): void {
    this.#filter.addRows(rows);
    for (let at = 0, block = firstBlock; at < rows.length; at += ROWS_PER_BLOCK * ROW_WORDS, block += 1)
      this.#firstWords[block] = orderOfRow(rows, at);
  }

  /** Last block that begins before an order word: rows of that word begin there or in the next. */
  #blockBefore(order: number): number {
    let low = 0;
    let high = this.#firstWords.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#firstWords[middle] as number) < order) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Reads a block of rows and returns how many words it has. */
  #read(block: number): number {
    const bytes = Math.min(BLOCK_BYTES, this.header.ids * ROW_BYTES - block * BLOCK_BYTES);
    // A closed descriptor's number may be another file's by now.
    const read = this.#isClosed
      ? -1
      : readSync(this.#fd, this.#block, 0, bytes, this.#rowsAt + block * BLOCK_BYTES);
    if (read !== bytes)
      throw new UnavailableError(`Cannot look an id up in ${this.path}: read ${read} bytes`);
    return bytes / 4;
  }
}

/** Header of a segment's file. Throws Error where there is none. */
export async function readSegmentHeader(path: string): Promise<SegmentHeader> {
  const file = await open(path);
  try {
    return (await readHeader(file)).header;
  } finally {
    await file.close();
  }
}

/** Writes a segment in one step: it is there whole or not at all. */
export async function writeSegment(
  path: string,
  header: SegmentHeader,
  rows: IdRows,
  heartbeat: () => Promise<void>,
): Promise<void> {
  const next = `${path}.${randomUUID()}.tmp`;
  const text = Buffer.from(JSON.stringify(header));
  const head = Buffer.concat([Buffer.alloc(LENGTH_BYTES), text]);
  head.writeUInt32BE(text.length);
  const digest = createHash('sha256').update(head);
  const file = await open(next, 'w');
  try {
    await file.writeFile(head);
    for (let at = 0; at < rows.byteLength; at += BLOCKS_PER_READ * BLOCK_BYTES) {
      const length = Math.min(BLOCKS_PER_READ * BLOCK_BYTES, rows.byteLength - at);
      const piece = new Uint8Array(rows.buffer, rows.byteOffset + at, length);
      digest.update(piece);
      await file.writeFile(piece);
      await heartbeat();
    }
    await file.writeFile(digest.digest());
    await file.sync();
    await file.close();
    await rename(next, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(next, { force: true });
    throw error;
  }
}

async function readHeader(file: {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}): Promise<{ header: SegmentHeader; head: Buffer }> {
  const start = Buffer.alloc(LENGTH_BYTES);
  const { bytesRead } = await file.read(start, 0, LENGTH_BYTES, 0);
  const length = start.readUInt32BE();
  if (bytesRead !== LENGTH_BYTES || length > LONGEST_HEADER) throw new Error('it has no header');
  const head = Buffer.alloc(LENGTH_BYTES + length);
  await file.read(head, 0, head.length, 0);
  return { header: JSON.parse(head.subarray(LENGTH_BYTES).toString()), head };
}
