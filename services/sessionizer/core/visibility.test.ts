import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InputRecord } from '#lib/streams/processor.ts';
import type { Collected } from '#schemas/types.ts';
import { aRecord, finalSessions, MINUTE_MS, NOW, resolvedSessions, run, sessionizer } from './testing.ts';

/** Minutes from now, who captured it and what it is. */
type What = readonly [
  minute: number,
  visibility: '' | 'foreground' | 'background',
  fields?: Partial<Collected>,
];

const records = (events: readonly What[], source = 'ios'): InputRecord[] =>
  events.map(([minute, app_visibility, fields], index) =>
    aRecord({
      source,
      event_id: index + 1,
      time: NOW + minute * MINUTE_MS,
      type: 'Synced',
      app_visibility,
      ...fields,
    }),
  );

/** Events by session, by their places in the list; the same in any order of arrival. */
function sessionsOf(events: readonly What[], source?: string): number[][] {
  const all = records(events, source);
  const orders = [all, all.toReversed(), [...all.slice(1), ...all.slice(0, 1)]];
  const [first, ...others] = orders.map((order) =>
    resolvedSessions(run(sessionizer.createState(), order)).map((ids) => ids.map((id) => id - 1)),
  );
  for (const other of others) assert.deepEqual(other, first);
  return first as number[][];
}

test('an event in the background belongs to the session it comes within five minutes of, and does not keep it open', () => {
  // The third comes within five minutes of the second, but not of what kept the session open.
  assert.deepEqual(
    sessionsOf([
      [0, 'foreground'],
      [4, 'background'],
      [8, 'foreground'],
    ]),
    [[0, 1], [2]],
  );
  assert.deepEqual(
    sessionsOf([
      [0, 'foreground'],
      [4, 'foreground'],
      [8, 'foreground'],
    ]),
    [[0, 1, 2]],
  );
  assert.deepEqual(
    sessionsOf([
      [0, ''],
      [5, 'background'],
      [5.001, 'background'],
    ]),
    [[0, 1], [2]],
  );
});

test('events in the background outside any session are one each, however close together', () => {
  assert.deepEqual(
    sessionsOf([
      [0, 'background'],
      [1, 'background'],
      [30, 'background'],
    ]),
    [[0], [1], [2]],
  );
});

test('an event in the background just before a session stays outside, until one of before brings the session over it', () => {
  assert.deepEqual(
    sessionsOf([
      [0, 'background'],
      [1, 'foreground'],
    ]),
    [[0], [1]],
  );
  assert.deepEqual(
    sessionsOf([
      [0, 'background'],
      [1, 'foreground'],
      [-2, 'foreground'],
    ]),
    [[0, 1, 2]],
  );
  const outputs = run(
    sessionizer.createState(),
    records([
      [0, 'background'],
      [1, 'foreground'],
      [-2, 'foreground'],
    ]),
  );
  assert.deepEqual(
    [...finalSessions(outputs).values()]
      .filter(({ merged_into }) => merged_into === 0)
      .map(({ started_at, ended_at, extended_at }) => [started_at, ended_at, extended_at]),
    [[NOW - 2 * MINUTE_MS, NOW + MINUTE_MS, NOW + MINUTE_MS]],
  );
});

test('what iOS captures by itself in the background keeps a session open, on Android it does not', () => {
  const touches: readonly What[] = [
    [0, 'foreground'],
    [4, 'background', { type: 'touch' }],
    [8, 'foreground'],
  ];
  assert.deepEqual(sessionsOf(touches), [[0, 1, 2]]);
  assert.deepEqual(sessionsOf(touches, 'android'), [[0, 1], [2]]);
});

test('a web page is never in the background, and a session that its client numbers is what the client says', () => {
  assert.deepEqual(
    sessionsOf(
      [
        [0, 'background'],
        [20, 'background'],
        [40, 'background'],
      ],
      'web',
    ),
    [[0, 1, 2]],
  );
  const own = { session_id: 9 };
  assert.deepEqual(
    sessionsOf([
      [0, 'background', own],
      [20, 'background', own],
    ]),
    [[0, 1]],
  );
});

test('a session ends with its last event, also where that did not keep it open', () => {
  const [session] = finalSessions(
    run(
      sessionizer.createState(),
      records([
        [0, 'foreground'],
        [3, 'background'],
      ]),
    ),
  ).values();
  assert.deepEqual(
    [session?.ended_at, session?.extended_at, session?.event_count],
    [NOW + 3 * MINUTE_MS, NOW, 2],
  );
});
