import { readSessionHead } from '#schemas/session-head.ts';
import { OpenSessions } from './open-sessions.ts';
import { rowsOfBlocks } from './row-arena.ts';
import { newestRow } from './session-row.ts';

/** Number of the layout below; a change of it makes every older snapshot unusable. */
export const SESSIONIZER_SNAPSHOT_FORMAT = 1;

/** The rows as they lie in memory: nothing is copied. */
export function encodeOpenSessions(sessions: OpenSessions): readonly Uint8Array[] {
  return sessions.blocks();
}

/** Sessions of a snapshot's bytes: whole ones, as its checksum says, and so not looked at byte for byte again. */
export function decodeOpenSessions(bytes: Buffer): OpenSessions {
  const sessions = new OpenSessions();
  for (const each of rowsOfBlocks(bytes)) {
    const row = newestRow(each);
    sessions.keepRow(readSessionHead(row).head, row);
  }
  return sessions;
}
