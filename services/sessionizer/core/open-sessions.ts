import type { Session } from '#schemas/types.ts';
import { Queue } from './queue.ts';
import { ruleOf } from './rules.ts';

type Aging = { readonly session: Session; readonly queuedAtMs: number };

/**
 * The sessions that can still change, by device. Whether one can is decided by stream time at each look;
 * dropping the others only frees memory, so its timing cannot change any result.
 */
export class OpenSessions {
  readonly #byEnvironment = new Map<number, Map<number, Session[]>>();
  /** By lateness, in the order of the update at which a session was queued: once each, however often it changes. */
  readonly #aging = new Map<number, Queue<Aging>>();

  /** Sessions of a device that can still change. */
  of(environment: number, deviceId: number, streamTimeMs: number): readonly Session[] {
    const sessions = this.#byEnvironment.get(environment)?.get(deviceId) ?? [];
    return sessions.filter((session) => !hasAged(session, streamTimeMs));
  }

  add(session: Session): void {
    const devices = this.#byEnvironment.get(session.environment) ?? new Map<number, Session[]>();
    this.#byEnvironment.set(session.environment, devices);
    const sessions = devices.get(session.device_id);
    if (sessions === undefined) devices.set(session.device_id, [session]);
    else sessions.push(session);
    this.#enqueue(session);
  }

  remove(session: Session): void {
    const devices = this.#byEnvironment.get(session.environment);
    const left = devices?.get(session.device_id)?.filter((other) => other !== session) ?? [];
    if (left.length > 0) devices?.set(session.device_id, left);
    else devices?.delete(session.device_id);
  }

  /** A session by its key, aged or not: for restoring. */
  find(environment: number, deviceId: number, sessionId: number): Session | undefined {
    return this.#byEnvironment
      .get(environment)
      ?.get(deviceId)
      ?.find((session) => session.session_id === sessionId);
  }

  /** Lets go of sessions that can no longer change. */
  evict(streamTimeMs: number): void {
    for (const [latenessMs, queue] of this.#aging) {
      for (let oldest = queue.peek(); oldest !== undefined; oldest = queue.peek()) {
        if (oldest.queuedAtMs + latenessMs >= streamTimeMs) break;
        queue.shift();
        if (hasAged(oldest.session, streamTimeMs)) this.remove(oldest.session);
        else this.#enqueue(oldest.session);
      }
    }
  }

  #enqueue(session: Session): void {
    const latenessMs = latenessOf(session);
    const queue = this.#aging.get(latenessMs) ?? new Queue<Aging>();
    this.#aging.set(latenessMs, queue);
    queue.push({ session, queuedAtMs: session.updated_at });
  }
}

function hasAged(session: Session, streamTimeMs: number): boolean {
  return session.updated_at + latenessOf(session) < streamTimeMs;
}

function latenessOf(session: Session): number {
  return ruleOf(session.library)?.latenessMs ?? 0;
}
