import type { OpenSession, SessionEvent } from './session.ts';

/**
 * The gap sessions that an event is of, the earliest first: all of them are one session from then on. None = it opens its
 * own.
 *
 * Events that extend make the sessions, by the gap g between them, both ends inclusive:
 *
 *     [start ...... extended]            an event at t that extends is of it when start - g <= t <= extended + g
 *     [a ... b]      t      [c ... d]    of both: one session [a, d]
 *
 * One that does not extend (an application in the background) belongs to the session that it comes within the gap
 * of the last event that extends: start <= t <= extended + g. There is one at most, as sessions are more than a gap apart.
 * Where there is none it is a session by itself, which nothing joins; an event that extends and brings a session over it takes it in.
 * So what is together follows from the set of events, whatever their order.
 */
export function sessionsMet(
  open: readonly OpenSession[],
  event: SessionEvent,
  gapMs: number,
): readonly OpenSession[] {
  const { time, source } = event.head;
  const lead = event.extends ? gapMs : 0;
  const met: OpenSession[] = [];
  const alone: OpenSession[] = [];
  for (const session of open) {
    if (!session.gap || session.library !== source) continue;
    if (session.extended_at === 0) alone.push(session);
    else if (time >= session.started_at - lead && time <= session.extended_at + gapMs) met.push(session);
  }
  if (!event.extends) return met.toSorted(byStart).slice(0, 1);
  if (alone.length > 0) {
    const start = Math.min(time, ...met.map(({ started_at }) => started_at));
    const covered = gapMs + Math.max(time, ...met.map(({ extended_at }) => extended_at));
    met.push(...alone.filter(({ started_at }) => started_at >= start && started_at <= covered));
  }
  return met.length < 2 ? met : met.sort(byStart);
}

const byStart = (a: OpenSession, b: OpenSession) =>
  a.started_at - b.started_at || a.session_id - b.session_id;
