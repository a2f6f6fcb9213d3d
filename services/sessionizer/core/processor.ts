import type { InputRecord, Output, Processor, Step } from '#lib/streams/processor.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { checkHead } from '#schemas/collected-checks.ts';
import { type CollectedHead, isInBackground, readHead, withPrefix } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { gapSessionId, parseSessionKey, sessionKey } from '#schemas/ids.ts';
import { readSessionHead } from '#schemas/session-head.ts';
import { sessionsMet } from './gap-sessions.ts';
import { OpenSessions } from './open-sessions.ts';
import { extendsSession, LONGEST_LATENESS_MS, ruleOf } from './rules.ts';
import { absorbSession, extendSession, type OpenSession, openSession, type SessionEvent } from './session.ts';
import { encodeSession, soundRow } from './session-row.ts';
import {
  decodeOpenSessions,
  encodeOpenSessions,
  SESSIONIZER_SNAPSHOT_FORMAT,
} from './sessionizer-snapshot.ts';

export type SessionizerState = {
  readonly sessions: OpenSessions;
  /** Sessions changed in this transaction, with the rows of those absorbed in it: published once, at its end. */
  readonly changed: Set<OpenSession>;
};

/**
 * The sessionizer: groups a device's client events into sessions.
 *
 * A session id that the client gave is kept as it is. Client events without one get gap sessions in event
 * time: an event belongs to every session of its device that lies within the gap of it, both ends inclusive,
 * so a late event may bridge two, which then become one. Server events pass through untouched.
 */
export function createSessionizer(): Processor<SessionizerState> {
  return {
    stage: 'sessionizer',
    input: 'events.identified',
    outputs: ['events.sessionized', 'sessions'],
    restores: [{ topic: 'sessions', windowMs: LONGEST_LATENESS_MS, fold: foldSession }],
    createState: () => ({ sessions: new OpenSessions(), changed: new Set() }),
    snapshot: {
      format: String(SESSIONIZER_SNAPSHOT_FORMAT),
      encode: ({ sessions }) => encodeOpenSessions(sessions),
      decode: (bytes) => ({ sessions: decodeOpenSessions(bytes), changed: new Set() }),
    },
    step,
    flush,
  };
}

function foldSession(
  { sessions }: SessionizerState,
  { key, value }: { key: Buffer; value: Buffer | null },
): void {
  if (value === null) {
    sessions.forget(parseSessionKey(key));
    return;
  }
  const row = soundRow(value);
  sessions.keepRow(readSessionHead(row).head, row);
}

function step(state: SessionizerState, record: InputRecord, streamTimeMs: number): Step {
  const head = readHead(record.value);
  checkHead(record.key, head);
  state.sessions.evict(streamTimeMs);
  switch (head.kind) {
    case 'tick':
      return { outputs: [], outcome: 'tick.consumed' };
    case 'event':
      return { outputs: [sessionize(state, record, head, streamTimeMs)], outcome: 'event.forwarded' };
    default:
      throw new DecodeError(
        'unknown_kind',
        `Cannot sessionize a record: its kind is ${JSON.stringify(head.kind)}`,
      );
  }
}

function sessionize(
  state: SessionizerState,
  record: InputRecord,
  head: CollectedHead,
  streamTimeMs: number,
): Output {
  const rule = ruleOf(head.source);
  const bytes = record.value as Buffer;
  const output = { topic: 'events.sessionized', key: record.key, timestampMs: record.timestampMs } as const;
  if (rule === undefined) return { ...output, value: bytes };

  const event: SessionEvent = {
    head,
    extends: extendsSession(head.source, head.type, () => isInBackground(bytes, head)),
    decode: () => collectedCodec.decode(bytes),
  };
  const late = head.time < streamTimeMs - rule.latenessMs;
  const session =
    head.sessionId === 0
      ? joinGapSession(state, event, rule.gapMs, late, streamTimeMs)
      : joinClientSession(state, event, late, streamTimeMs);
  state.changed.add(session);
  const { userId } = head;
  return { ...output, value: withPrefix(bytes, head, { userId, sessionId: session.session_id, late }) };
}

function joinClientSession(
  state: SessionizerState,
  event: SessionEvent,
  late: boolean,
  streamTimeMs: number,
): OpenSession {
  const { environment, deviceId, sessionId } = event.head;
  const known = state.sessions
    .of(environment, deviceId, streamTimeMs)
    .find(({ session_id }) => session_id === sessionId);
  if (known !== undefined) {
    extendSession(known, event, streamTimeMs);
    return known;
  }
  const session = openSession(event, { sessionId, gap: false, late }, streamTimeMs);
  state.sessions.add(session, streamTimeMs);
  return session;
}

function joinGapSession(
  state: SessionizerState,
  event: SessionEvent,
  gapMs: number,
  late: boolean,
  streamTimeMs: number,
): OpenSession {
  const { environment, deviceId, eventId } = event.head;
  const open = state.sessions.of(environment, deviceId, streamTimeMs);
  const [survivor, ...others] = sessionsMet(open, event, gapMs);
  if (survivor === undefined) {
    const sessionId = gapSessionId(deviceId, eventId);
    // An event id may come twice. Readers know events by their session's id, so an id that is open stays one session.
    const known = open.find(
      ({ session_id, absorbed }) => session_id === sessionId || absorbed.includes(sessionId),
    );
    if (known !== undefined) {
      extendSession(known, event, streamTimeMs);
      return known;
    }
    const session = openSession(event, { sessionId, gap: true, late }, streamTimeMs);
    state.sessions.add(session, streamTimeMs);
    return session;
  }
  // A corrupt event must not have merged anything by the time it is found out.
  if (others.length > 0) event.decode();
  for (const other of others) absorb(state, survivor, other, streamTimeMs);
  extendSession(survivor, event, streamTimeMs);
  return survivor;
}

/**
 * One session takes in another. Those that the other had absorbed before point to the survivor from now on,
 * so that a reader follows one step and never a chain.
 */
function absorb(
  state: SessionizerState,
  survivor: OpenSession,
  absorbed: OpenSession,
  streamTimeMs: number,
): void {
  absorbSession(survivor, absorbed);
  state.sessions.remove(absorbed);
  state.changed.delete(absorbed);
  const openedAt = [absorbed.opened_at, ...absorbed.absorbed_opened_at];
  for (const [index, session_id] of [absorbed.session_id, ...absorbed.absorbed].entries()) {
    state.changed.add({
      ...absorbed,
      session_id,
      opened_at: openedAt[index] as number,
      absorbed: [],
      absorbed_opened_at: [],
      merged_into: survivor.session_id,
      updated_at: streamTimeMs,
    });
  }
}

function flush(state: SessionizerState): readonly Output[] {
  const rows = [...state.changed].map((session) => ({ session, row: encodeSession(session) }));
  state.sessions.keep(rows);
  state.changed.clear();
  return rows.map(({ session, row }) => ({
    topic: 'sessions',
    key: sessionKey(session.environment, session.device_id, session.session_id, session.opened_at),
    value: row,
    timestampMs: session.updated_at,
  }));
}
