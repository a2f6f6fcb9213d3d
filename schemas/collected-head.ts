import { Cursor, writeLong } from './avro-bytes.ts';
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

const FIRST_VERSION = 1;
/** The last field of a record of an application in the background: length and text. */
const IN_BACKGROUND = Buffer.from('\x14background', 'latin1');

/**
 * Whether an application was in the background. It is said by the record's last field, so the end tells without the rest
 * being read; version 1 could not say it.
 */
export function isInBackground(value: Buffer, { schemaId }: CollectedHead): boolean {
  return schemaId !== FIRST_VERSION && value.subarray(-IN_BACKGROUND.length).equals(IN_BACKGROUND);
}

/** The fields a stage may rewrite. */
export type Prefix = { readonly userId: number; readonly sessionId: number; readonly late: boolean };

/** Head of a framed `Collected`. Throws DecodeError where the value is not one. */
export function readHead(value: Buffer | null): CollectedHead {
  const schemaId = readFrame(value);
  const schema = schemaById(schemaId);
  if (schema === undefined)
    throw new DecodeError('unknown_schema', `Cannot decode a record: schema id ${schemaId} is not published`);
  if (schema.name !== 'Collected') {
    throw new DecodeError('wrong_schema', `Cannot decode a record as Collected: it is a ${schema.name}`);
  }
  const cursor = new Cursor('Collected', value as Buffer, FRAME_BYTES);
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
