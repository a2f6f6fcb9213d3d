import { Cursor, writeLong } from './avro-bytes.ts';
import { FRAME_BYTES, writeFrame } from './framing.ts';
import { latestSchema } from './registry.ts';
import type { Session } from './types.ts';

/**
 * What the sessionizer works with of a `Session` row: its fields up to `library`, in the order of the schema. What
 * follows describes the session, seldom changes, and is carried as bytes. The order is frozen, so this reads every
 * published version.
 */
export type SessionHead = Pick<
  Session,
  | 'environment'
  | 'device_id'
  | 'session_id'
  | 'user_id'
  | 'merged_into'
  | 'absorbed'
  | 'gap'
  | 'late'
  | 'event_id'
  | 'started_at'
  | 'ended_at'
  | 'updated_at'
  | 'event_count'
  | 'pageview_count'
  | 'first_pageview_at'
  | 'first_pageview_event_id'
  | 'library'
>;

/** Head of a framed `Session` that is known to be one, and where the rest begins. Throws DecodeError. */
export function readSessionHead(value: Buffer): { head: SessionHead; restAt: number } {
  const cursor = new Cursor('Session', value, FRAME_BYTES);
  const head: SessionHead = {
    environment: cursor.long(),
    device_id: cursor.long(),
    session_id: cursor.long(),
    user_id: cursor.long(),
    merged_into: cursor.long(),
    absorbed: readLongs(cursor),
    gap: cursor.byte() === 1,
    late: cursor.byte() === 1,
    event_id: cursor.long(),
    started_at: cursor.long(),
    ended_at: cursor.long(),
    updated_at: cursor.long(),
    event_count: cursor.long(),
    pageview_count: cursor.long(),
    first_pageview_at: cursor.long(),
    first_pageview_event_id: cursor.long(),
    library: cursor.string(),
  };
  return { head, restAt: cursor.at };
}

function readLongs(cursor: Cursor): number[] {
  const longs: number[] = [];
  for (let count = cursor.long(); count !== 0; count = cursor.long()) {
    // A negative count is followed by the size of the block in bytes.
    if (count < 0) cursor.long();
    for (let item = 0; item < Math.abs(count); item += 1) longs.push(cursor.long());
  }
  return longs;
}

/** Numbers of a head without those in `absorbed`, its two counts of them included, and the bytes of one at most. */
const NUMBERS = 18;
const LONGEST_NUMBER_BYTES = 8;
const NEWEST_ID = latestSchema('Session').id;

/** The row of a head and of the rest in the newest version: byte for byte what sessionCodec makes of both. */
export function withSessionHead(head: SessionHead, rest: Uint8Array): Buffer {
  const { absorbed } = head;
  const library = Buffer.from(head.library);
  const numberBytes = (NUMBERS + absorbed.length) * LONGEST_NUMBER_BYTES;
  const out = Buffer.allocUnsafe(FRAME_BYTES + numberBytes + library.length + rest.length);
  let at = writeFrame(out, NEWEST_ID);
  at = writeLong(out, head.environment, at);
  at = writeLong(out, head.device_id, at);
  at = writeLong(out, head.session_id, at);
  at = writeLong(out, head.user_id, at);
  at = writeLong(out, head.merged_into, at);
  if (absorbed.length > 0) at = writeLong(out, absorbed.length, at);
  for (const sessionId of absorbed) at = writeLong(out, sessionId, at);
  at = writeLong(out, 0, at);
  out[at] = head.gap ? 1 : 0;
  out[at + 1] = head.late ? 1 : 0;
  at = writeLong(out, head.event_id, at + 2);
  at = writeLong(out, head.started_at, at);
  at = writeLong(out, head.ended_at, at);
  at = writeLong(out, head.updated_at, at);
  at = writeLong(out, head.event_count, at);
  at = writeLong(out, head.pageview_count, at);
  at = writeLong(out, head.first_pageview_at, at);
  at = writeLong(out, head.first_pageview_event_id, at);
  at = writeLong(out, library.length, at);
  out.set(library, at);
  out.set(rest, at + library.length);
  return out.subarray(0, at + library.length + rest.length);
}
