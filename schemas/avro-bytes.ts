import { DecodeError } from './framing.ts';

/** Reads varints and strings of one Avro datum of a schema, front to back. Throws DecodeError where it ends too soon. */
export class Cursor {
  readonly #name: string;
  readonly #bytes: Buffer;
  at: number;

  constructor(name: string, bytes: Buffer, at: number) {
    this.#name = name;
    this.#bytes = bytes;
    this.at = at;
  }

  /** Zigzag varint as an exact double; ids and times are below 2^53, so it never loses a bit. */
  long(): number {
    let raw = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      raw += (byte & 0x7f) * scale;
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
      scale *= 128;
      if (scale > 2 ** 63)
        throw new DecodeError('corrupt', `Cannot decode a ${this.#name}: number too long at byte ${this.at}`);
    }
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined)
      throw new DecodeError('corrupt', `Cannot decode a ${this.#name}: it ends at byte ${this.at}`);
    this.at += 1;
    return byte;
  }

  bytes(): Buffer {
    const end = this.#end();
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  /** Passes over some values that are bytes or strings. */
  skipBytes(values: number): void {
    const bytes = this.#bytes;
    for (let value = 0; value < values; value += 1) {
      const byte = bytes[this.at];
      // Most are empty.
      if (byte === 0) this.at += 1;
      else this.at = this.#end();
    }
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  /** Reads a length and answers where the bytes that follow end. */
  #end(): number {
    const length = this.long();
    const end = this.at + length;
    if (length < 0 || end > this.#bytes.length) {
      throw new DecodeError(
        'corrupt',
        `Cannot decode a ${this.#name}: ${length} bytes at byte ${this.at} pass its end`,
      );
    }
    return end;
  }
}

/** Zigzag varint of an unsigned 53-bit number: twice the number, seven bits a byte, lowest first. Answers the position after it. */
export function writeLong(out: Buffer, value: number, at: number): number {
  let rest = value * 2;
  let end = at;
  while (rest >= 128) {
    out[end] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
    end += 1;
  }
  out[end] = rest;
  return end + 1;
}
