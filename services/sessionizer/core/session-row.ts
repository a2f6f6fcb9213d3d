import { checkDatum } from '#schemas/check-datum.ts';
import { sessionCodec } from '#schemas/codec.ts';
import { readFrame } from '#schemas/framing.ts';
import { latestSchema } from '#schemas/registry.ts';
import { readSessionHead, withSessionHead } from '#schemas/session-head.ts';
import type { Session } from '#schemas/types.ts';
import type { OpenSession } from './session.ts';

const NEWEST = latestSchema('Session');

/** The part of a row that describes its session. */
export function encodeDescription(fields: Partial<Session>): Uint8Array {
  return readSessionHead(sessionCodec.encode(fields)).description;
}

export function encodeSession(session: OpenSession): Buffer {
  return withSessionHead(session, session.description);
}

/** Session of a row that this stage has published; its description is a view of the row. */
export function decodeSession(row: Buffer): OpenSession {
  const { head, description } = readSessionHead(row);
  return { ...head, description };
}

/** A row as of the newest version. */
export function newestRow(row: Buffer): Buffer {
  return readFrame(row) === NEWEST.id ? row : encodeSession(decodeSession(row));
}

/** A row as of the newest version, every byte of it looked at. Throws DecodeError where it is not a session's. */
export function soundRow(value: Buffer): Buffer {
  if (readFrame(value) === NEWEST.id) checkDatum(NEWEST, value);
  else sessionCodec.decode(value);
  return newestRow(value);
}
