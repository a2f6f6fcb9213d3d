import { Cursor, writeLong } from './avro-bytes.ts';
import { FRAME_BYTES, writeFrame } from './framing.ts';
import { latestSchema } from './registry.ts';
import type { Session } from './types.ts';

/**
 * What the sessionizer works with of a `Session` row: the fields before those that describe the session, and the
 * few that later versions have put behind them. What describes it seldom changes, and is carried as bytes.
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
  | 'opened_at'
  | 'extended_at'
  | 'absorbed_opened_at'
>;

const NEWEST = latestSchema('Session');

/** Texts that describe a session: all between `library` and `opened_at`. */
const DESCRIBING = (() => {
  const names = (NEWEST.json as unknown as { fields: readonly { name: string }[] }).fields.map(
    ({ name }) => name,
  );
  return names.indexOf('opened_at') - names.indexOf('library') - 1;
})();

/**
 * Head and description of a framed `Session` that is known to be one, of any published version; the description is
 * a view. Throws DecodeError.
 *
 * In version 1 a session had one part, of which nobody wrote down when it was opened, and every event extended it.
 */
export function readSessionHead(value: Buffer): { head: SessionHead; description: Buffer } {
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
    opened_at: 0,
    extended_at: 0,
    absorbed_opened_at: [],
  };
  const describedAt = cursor.at;
  cursor.skipBytes(DESCRIBING);
  const description = value.subarray(describedAt, cursor.at);
  if (cursor.at < value.length) {
    head.opened_at = cursor.long();
    head.extended_at = cursor.long();
    head.absorbed_opened_at = readLongs(cursor);
  } else {
    head.extended_at = head.ended_at;
    head.absorbed_opened_at = head.absorbed.map(() => 0);
  }
  return { head, description };
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

/** Numbers of a head without those in its two lists, the lists' two counts of each included, and the bytes of one at most. */
const NUMBERS = 22;
const LONGEST_NUMBER_BYTES = 8;

/** The row of a head and a description in the newest version: byte for byte what sessionCodec makes of both. */
export function withSessionHead(head: SessionHead, description: Uint8Array): Buffer {
  const { absorbed, absorbed_opened_at } = head;
  const library = Buffer.from(head.library);
  const numberBytes = (NUMBERS + absorbed.length + absorbed_opened_at.length) * LONGEST_NUMBER_BYTES;
  const out = Buffer.allocUnsafe(FRAME_BYTES + numberBytes + library.length + description.length);
  let at = writeFrame(out, NEWEST.id);
  at = writeLong(out, head.environment, at);
  at = writeLong(out, head.device_id, at);
  at = writeLong(out, head.session_id, at);
  at = writeLong(out, head.user_id, at);
  at = writeLong(out, head.merged_into, at);
  at = writeLongs(out, absorbed, at);
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
  out.set(description, at + library.length);
  at = writeLong(out, head.opened_at, at + library.length + description.length);
  at = writeLong(out, head.extended_at, at);
  at = writeLongs(out, absorbed_opened_at, at);
  return out.subarray(0, at);
}

function writeLongs(out: Buffer, longs: readonly number[], start: number): number {
  let at = longs.length > 0 ? writeLong(out, longs.length, start) : start;
  for (const value of longs) at = writeLong(out, value, at);
  return writeLong(out, 0, at);
}
