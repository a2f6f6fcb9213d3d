import { DecodeError, FRAME_BYTES, readFrame, writeFrame } from './framing.ts';
import { KINDS, type Kind } from './kinds.ts';
import { schemaById } from './registry.ts';

/**
 * What the stages read of a `Collected` record without decoding the rest: its fields up to `identity`, in the
 * order of the schema. The order is frozen, so this reads every published version.
 */
export type CollectedHead = {
  schemaId: number;
  userId: number;
  sessionId: number;
  late: boolean;
  kind: string;
  environment: number;
  deviceId: number;
  eventId: number;
  time: number;
  receivedAt: number;
  source: string;
  type: string;
  /** Hash of the client's idempotency key; empty where it sent none. */
  idempotency: Buffer;
  identity: string;
  /** Position in the value of the first byte after the rewritable prefix. */
  restAt: number;
};

/** The fields a stage may rewrite. */
export type Prefix = { readonly userId: number; readonly sessionId: number; readonly late: boolean };

/** Reads varints and strings of one Avro datum, front to back. */
class Cursor {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
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
        throw new DecodeError('corrupt', `Cannot decode a Collected: number too long at byte ${this.at}`);
    }
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined)
      throw new DecodeError('corrupt', `Cannot decode a Collected: it ends at byte ${this.at}`);
    this.at += 1;
    return byte;
  }

  bytes(): Buffer {
    const length = this.long();
    const end = this.at + length;
    if (length < 0 || end > this.#bytes.length) {
      throw new DecodeError(
        'corrupt',
        `Cannot decode a Collected: ${length} bytes at byte ${this.at} pass its end`,
      );
    }
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  string(): string {
    return this.bytes().toString('utf8');
  }
}

/** Head of a framed `Collected`. Throws DecodeError where the value is not one. */
export function readHead(value: Buffer | null): CollectedHead {
  const schemaId = readFrame(value);
  const schema = schemaById(schemaId);
  if (schema === undefined)
    throw new DecodeError('unknown_schema', `Cannot decode a record: schema id ${schemaId} is not published`);
  if (schema.name !== 'Collected') {
    throw new DecodeError('wrong_schema', `Cannot decode a record as Collected: it is a ${schema.name}`);
  }
  const cursor = new Cursor(value as Buffer, FRAME_BYTES);
  const userId = cursor.long();
  const sessionId = cursor.long();
  const late = cursor.byte() === 1;
  const restAt = cursor.at;
  return {
    schemaId,
    userId,
    sessionId,
    late,
    restAt,
    kind: cursor.string(),
    environment: cursor.long(),
    deviceId: cursor.long(),
    eventId: cursor.long(),
    time: cursor.long(),
    receivedAt: cursor.long(),
    source: cursor.string(),
    type: cursor.string(),
    idempotency: cursor.bytes(),
    identity: cursor.string(),
  };
}

/** Kind of a framed `Collected` that may be broken; undefined where no known kind can be read. */
export function kindOfCollected(value: Buffer | null): Kind | undefined {
  try {
    const { kind } = readHead(value);
    return KINDS.find((known) => known === kind);
  } catch {
    return undefined;
  }
}

const LONGEST_PREFIX_BYTES = FRAME_BYTES + 8 + 8 + 1;

/** The record with another prefix: the schema id and everything after the prefix are the input's own bytes. */
export function withPrefix(value: Buffer, head: CollectedHead, prefix: Prefix): Buffer {
  const out = Buffer.allocUnsafe(LONGEST_PREFIX_BYTES + value.length - head.restAt);
  let at = writeFrame(out, head.schemaId);
  at = writeLong(out, prefix.userId, at);
  at = writeLong(out, prefix.sessionId, at);
  out[at] = prefix.late ? 1 : 0;
  at += 1;
  at += value.copy(out, at, head.restAt);
  return out.subarray(0, at);
}

/** Zigzag varint of an unsigned 53-bit number: twice the number, seven bits a byte, lowest first. */
function writeLong(out: Buffer, value: number, at: number): number {
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
