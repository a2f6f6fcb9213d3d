import type { SessionHead } from '#schemas/session-head.ts';
import { ruleOf } from './rules.ts';
import type { OpenSession } from './session.ts';
import { decodeSession } from './session-row.ts';
import { type SessionName, SessionTable } from './session-table.ts';

/** More than a record can add, so that sessions which can no longer change never heap up. */
const SWEPT_PER_RECORD = 4;

/**
 * The sessions that can still change, by device. Whether one can is decided by stream time at each look;
 * dropping the others only frees memory, so its timing cannot change any result.
 *
 * At rest a session is its published row, as bytes. Those of a device are decoded when a record of it comes, and
 * stay in hand until the transaction's rows are published.
 */
export class OpenSessions {
  readonly #atRest = new SessionTable();
  /** By device id, of all environments. */
  readonly #inHand = new Map<number, OpenSession[]>();

  /** Number of sessions at rest. */
  get size(): number {
    return this.#atRest.size;
  }

  /** Sessions of a device that can still change. */
  of(environment: number, deviceId: number, streamTimeMs: number): readonly OpenSession[] {
    return this.#sessionsOf(deviceId, streamTimeMs).filter(
      (session) => session.environment === environment && changesUntilMs(session) >= streamTimeMs,
    );
  }

  /**
   * Takes in a session, or a part of one whose last part can no longer change: that is let go of. So at most one part
   * of a session is known at a time, and its id is name enough.
   */
  add(session: OpenSession, streamTimeMs: number): void {
    const { environment, device_id, session_id } = session;
    const sessions = this.#sessionsOf(device_id, streamTimeMs);
    const at = sessions.findIndex(
      (other) => other.session_id === session_id && other.environment === environment,
    );
    if (at < 0) sessions.push(session);
    else sessions[at] = session;
  }

  remove(session: OpenSession): void {
    const sessions = this.#inHand.get(session.device_id);
    sessions?.splice(sessions.indexOf(session), 1);
    this.#atRest.remove(nameOf(session));
  }

  /** Lets go of sessions that can no longer change. */
  evict(streamTimeMs: number): void {
    this.#atRest.sweep(streamTimeMs, SWEPT_PER_RECORD);
  }

  /** Puts to rest what a transaction publishes: sessions with their rows. */
  keep(published: readonly { readonly session: OpenSession; readonly row: Buffer }[]): void {
    for (const { session, row } of published) this.keepRow(session, row);
    this.#inHand.clear();
  }

  /** Keeps a row in the place of the last one of its session. One that was absorbed cannot change any more. */
  keepRow(session: SessionHead, row: Buffer): void {
    if (session.merged_into === 0) this.#atRest.put(nameOf(session), changesUntilMs(session), row);
    else this.#atRest.remove(nameOf(session));
  }

  /** Forgets a session at rest: its person was erased. */
  forget(name: SessionName): void {
    this.#atRest.remove(name);
  }

  /** Blocks of memory that hold every row at rest. For a snapshot, when nothing is in hand. */
  blocks(): readonly Uint8Array[] {
    return this.#atRest.blocks();
  }

  #sessionsOf(deviceId: number, streamTimeMs: number): OpenSession[] {
    const known = this.#inHand.get(deviceId);
    if (known !== undefined) return known;
    const sessions = this.#atRest.rowsOf(deviceId, streamTimeMs).map(decodeSession);
    this.#inHand.set(deviceId, sessions);
    return sessions;
  }
}

function nameOf({ environment, device_id, session_id }: SessionHead): SessionName {
  return { environment, deviceId: device_id, sessionId: session_id };
}

/** Stream time after which a session can no longer change. */
function changesUntilMs(session: SessionHead): number {
  return session.updated_at + (ruleOf(session.library)?.latenessMs ?? 0);
}
