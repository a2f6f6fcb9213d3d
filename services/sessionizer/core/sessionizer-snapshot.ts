import { readSessionHead } from '#schemas/session-head.ts';
import { OpenSessions } from './open-sessions.ts';
import { newestRow } from './session-row.ts';

/** Number of the layout below; a change of it makes every older snapshot unusable. */
export const SESSIONIZER_SNAPSHOT_FORMAT = 1;

const LENGTH_BYTES = 4;

/** Each session's row, its length before it. */
export function encodeOpenSessions(sessions: OpenSessions): readonly Uint8Array[] {
  let bytes = 0;
  for (const row of sessions.rows()) bytes += LENGTH_BYTES + row.length;
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const row of sessions.rows()) {
    at = all.writeUInt32LE(row.length, at);
    at += row.copy(all, at);
  }
  return [all];
}

/** Sessions of a snapshot's bytes: whole ones, as its checksum says, and so not looked at byte for byte again. */
export function decodeOpenSessions(bytes: Buffer): OpenSessions {
  const sessions = new OpenSessions();
  for (let at = 0; at < bytes.length; ) {
    const rowAt = at + LENGTH_BYTES;
    at = rowAt + bytes.readUInt32LE(at);
    const row = newestRow(bytes.subarray(rowAt, at));
    sessions.keepRow(readSessionHead(row).head, row);
  }
  return sessions;
}
