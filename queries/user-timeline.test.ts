import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type TimelineEvent, type TimelineSession, timelineOf } from './user-timeline.ts';

const MINUTE = 60_000;

const server = (eventId: number, minute: number, more: Partial<TimelineEvent> = {}): TimelineEvent => ({
  eventId,
  deviceId: 9,
  sessionId: 0,
  timeMs: minute * MINUTE,
  source: 'server',
  name: 'Renewal',
  ...more,
});

const session = (sessionId: number, from: number, to: number, deviceId = 1): TimelineSession => ({
  sessionId,
  deviceId,
  startedAtMs: from * MINUTE,
  endedAtMs: to * MINUTE,
});

const shown = (
  sessions: readonly TimelineSession[],
  events: readonly TimelineEvent[],
  isCut = false,
): readonly (readonly [session: number, ...events: number[]])[] =>
  timelineOf(sessions, events, isCut).map((visit) => [
    visit.session?.sessionId ?? 0,
    ...visit.events.map(({ eventId }) => eventId),
  ]);

test('timelineOf() buckets server events by 30 minutes from the first, fixed and inclusive', () => {
  const events = [server(1, 0), server(2, 20), server(3, 30), server(4, 31), server(5, 60), server(6, 62)];
  assert.deepEqual(
    shown([], events),
    [
      [0, 1, 2, 3],
      [0, 4, 5],
      [0, 6],
    ].map((one) => one as [number, ...number[]]),
  );
  const justAfter = server(4, 30, { timeMs: 30 * MINUTE + 1 });
  assert.deepEqual(shown([], [server(1, 0), justAfter]), [
    [0, 1],
    [0, 4],
  ]);
});

test('timelineOf() shows a server event inside the session that spans it, bounds included', () => {
  const client = (eventId: number, minute: number, sessionId: number) =>
    server(eventId, minute, { deviceId: 1, sessionId, source: 'web' });
  const events = [
    client(1, 10, 7),
    server(2, 9),
    server(3, 10),
    server(4, 15),
    client(5, 20, 7),
    server(6, 20),
    server(7, 21),
  ];
  assert.deepEqual(shown([session(7, 10, 20)], events), [
    [0, 2, 7],
    [7, 1, 3, 4, 5, 6],
  ]);
});

test('timelineOf() keeps to a session id that was sent, and takes the later of two sessions that span a time', () => {
  const sessions = [session(7, 10, 40, 1), session(8, 20, 30, 2)];
  const events = [
    server(1, 25),
    server(2, 26, { sessionId: 7 }),
    server(3, 35),
    server(4, 99, { sessionId: 8 }),
    server(5, 27, { sessionId: 5 }),
  ];
  assert.deepEqual(shown(sessions, events), [
    [7, 2, 3],
    [8, 1, 5, 4],
  ]);
});

test('timelineOf() shows client events whose session has no row yet as a visit of their own', () => {
  const events = [server(1, 1, { deviceId: 1, sessionId: 7, source: 'web' }), server(2, 2)];
  assert.deepEqual(shown([], events), [
    [0, 1],
    [0, 2],
  ]);
});

/** Events that name a session come at its start or later, as they do. */
const anyHistory = fc
  .record({
    sessions: fc.uniqueArray(
      fc
        .tuple(
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 0, max: 300 }),
          fc.integer({ min: 0, max: 60 }),
        )
        .map(([id, from, length]) => session(id, from, from + length)),
      { selector: ({ sessionId }) => sessionId },
    ),
    drawn: fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 5 }), fc.boolean())),
  })
  .map(({ sessions, drawn }) => ({
    sessions,
    events: drawn.map(([minute, drawnId, isServer], index) => {
      const sessionId = isServer ? drawnId : drawnId || 1;
      const start = sessions.find((one) => one.sessionId === sessionId)?.startedAtMs ?? 0;
      const event = server(index + 1, Math.max(minute, start / MINUTE), { sessionId });
      return isServer ? event : { ...event, deviceId: 1, source: 'web' };
    }),
  }));

test('timelineOf() shows each event once, in order, none outside its bucket, whatever the order they come in', () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(), ({ sessions, events }, seed) => {
      const visits = timelineOf(sessions, events, false);
      const ids = visits.flatMap((visit) => visit.events.map(({ eventId }) => eventId));
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        events.map(({ eventId }) => eventId),
      );
      for (const visit of visits) {
        const times = visit.events.map(({ timeMs }) => timeMs);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => a - b),
        );
      }
      const buckets = visits.filter(
        ({ session, events: inside }) =>
          session === undefined && inside.every(({ source }) => source === 'server'),
      );
      for (const [index, { startedAtMs, endedAtMs }] of buckets.entries()) {
        assert.ok(endedAtMs - startedAtMs <= 30 * MINUTE);
        const next = buckets[index + 1];
        assert.ok(next === undefined || next.startedAtMs - startedAtMs > 30 * MINUTE);
      }
      const shuffled = events.toSorted(
        (a, b) => ((a.eventId * 7919 + seed) % 97) - ((b.eventId * 7919 + seed) % 97),
      );
      assert.deepEqual(timelineOf(sessions.toReversed(), shuffled, false), visits);
    }),
  );
});

test('timelineOf() of the latest events shows no visit that older events would change', () => {
  fc.assert(
    fc.property(anyHistory, fc.integer({ min: 1, max: 20 }), ({ sessions, events }, kept) => {
      const whole = timelineOf(sessions, events, false);
      const latest = events.toSorted((a, b) => b.timeMs - a.timeMs || b.eventId - a.eventId).slice(0, kept);
      const asText = whole.map((visit) => JSON.stringify(visit));
      for (const visit of timelineOf(sessions, latest, latest.length < events.length))
        assert.ok(asText.includes(JSON.stringify(visit)), JSON.stringify(visit));
    }),
  );
});
