/**
 * Rows in ClickHouse's RowBinary, back to back in one growing buffer, with the end of each row. Space is asked
 * for before it is written: `reserve` once a row, then the writers.
 */
export class RowBlock {
  bytes: Buffer;
  /** Position after the last byte written. */
  at = 0;
  /** End of each finished row. */
  readonly ends: number[] = [];

  constructor(initialBytes = 1 << 16) {
    this.bytes = Buffer.allocUnsafe(initialBytes);
  }

  get rows(): number {
    return this.ends.length;
  }

  /** Makes room for a number of bytes beyond what is written. */
  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + size));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** The row is whole. */
  endRow(): void {
    this.ends.push(this.at);
  }

  /** Forgets what was written of a row that cannot be finished. */
  dropRow(): void {
    this.at = this.ends.at(-1) ?? 0;
  }

  content(): Buffer {
    return this.bytes.subarray(0, this.at);
  }

  /** Bytes of some rows, in order: what is left of the block when the others are refused. */
  select(rows: readonly number[]): Buffer {
    return Buffer.concat(
      rows.map((row) => this.bytes.subarray(row === 0 ? 0 : this.ends[row - 1], this.ends[row])),
    );
  }

  byte(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  uint16(value: number): void {
    this.at = this.bytes.writeUInt16LE(value, this.at);
  }

  /** Unsigned integer below 2^53 as UInt64. A non-negative Int64, such as a DateTime64, has the same bytes. */
  uint64(value: number): void {
    const bytes = this.bytes;
    let at = this.at;
    let low = value % 0x1_0000_0000;
    let high = (value - low) / 0x1_0000_0000;
    for (let i = 0; i < 4; i += 1) {
      bytes[at] = low & 0xff;
      bytes[at + 4] = high & 0xff;
      low >>>= 8;
      high >>>= 8;
      at += 1;
    }
    this.at = at + 4;
  }

  /** Length as LEB128. */
  length(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.at] = (rest & 0x7f) | 0x80;
      this.at += 1;
      rest >>>= 7;
    }
    this.bytes[this.at] = rest;
    this.at += 1;
  }

  /** A run of another buffer, as it is. */
  copy(source: Buffer, start: number, end: number): void {
    const length = end - start;
    // Buffer.copy crosses into native code; for the short strings most fields hold a loop is faster.
    if (length < 32) {
      for (let i = start, at = this.at; i < end; i += 1, at += 1) this.bytes[at] = source[i] as number;
    } else {
      source.copy(this.bytes, this.at, start, end);
    }
    this.at += length;
  }

  /** String: length and bytes. */
  string(source: Buffer, start = 0, end = source.length): void {
    this.length(end - start);
    this.copy(source, start, end);
  }
}
