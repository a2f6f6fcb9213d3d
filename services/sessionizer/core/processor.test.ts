import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InputRecord, Output } from '#lib/streams/processor.ts';
import { collectedCodec } from '#schemas/codec.ts';
import type { Session } from '#schemas/types.ts';
import {
  aRecord,
  copied,
  DAY_MS,
  finalSessions,
  MINUTE_MS,
  NOW,
  resolvedSessions,
  restored,
  run,
  sessionizer,
  sessionOf,
} from './testing.ts';

test('step() starts a new session only after strictly more than the gap', () => {
  for (const [source, gapMs] of [
    ['web', 30 * MINUTE_MS],
    ['ios', 5 * MINUTE_MS],
    ['android', 5 * MINUTE_MS],
  ] as const) {
    const state = sessionizer.createState();
    const first = sessionOf(run(state, [aRecord({ source, time: NOW })]));
    assert.equal(sessionOf(run(state, [aRecord({ source, time: NOW + gapMs })])), first);
    assert.notEqual(sessionOf(run(state, [aRecord({ source, time: NOW + 2 * gapMs + 1 })])), first);
  }
});

test('step() passes server events on untouched, with and without a session id', () => {
  const state = sessionizer.createState();
  for (const session_id of [0, 77]) {
    const record = aRecord({ source: 'server', session_id });
    const outputs = run(state, [record]);
    assert.deepEqual(
      outputs.map(({ topic, value }) => ({ topic, value })),
      [{ topic: 'events.sessionized', value: record.value }],
    );
  }
});

test('step() keeps a client session id whatever lies between its events', () => {
  const state = sessionizer.createState();
  const outputs = run(state, [
    aRecord({ session_id: 9, time: NOW - 3 * 60 * MINUTE_MS }),
    aRecord({ session_id: 9 }),
  ]);
  assert.deepEqual(
    [...finalSessions(outputs).values()].map(({ session_id, gap, event_count }) => ({
      session_id,
      gap,
      event_count,
    })),
    [{ session_id: 9, gap: false, event_count: 2 }],
  );
});

test('step() describes a session by its first pageview in event time, whatever came first', () => {
  const state = sessionizer.createState();
  const outputs = run(state, [
    aRecord({ time: NOW, type: 'view page', path: '/late', browser: 'Late' }),
    aRecord({ time: NOW - 3, type: 'click', browser: 'Click' }),
    aRecord({
      time: NOW - 2,
      type: 'view page',
      domain: 'shop.example',
      path: '/start',
      query: '?utm_source=news&utm_campaign=may',
      referrer: 'https://www.google.com/search?q=red+shoes',
      browser: 'First',
    }),
  ]);
  const [session] = finalSessions(outputs).values();
  const { landing_page, utm_source, utm_campaign, search_keyword, browser, started_at, pageview_count } =
    session as Session;
  assert.deepEqual(
    { landing_page, utm_source, utm_campaign, search_keyword, browser, started_at, pageview_count },
    {
      landing_page: 'shop.example/start',
      utm_source: 'news',
      utm_campaign: 'may',
      search_keyword: 'red shoes',
      browser: 'First',
      started_at: NOW - 3,
      pageview_count: 2,
    },
  );
});

test('step() names the library of the event that describes a session, where two sources share one', () => {
  const outputs = run(sessionizer.createState(), [
    aRecord({ session_id: 9, source: 'web', platform: 'Windows' }),
    aRecord({ session_id: 9, source: 'ios', platform: 'iOS', time: NOW - 1 }),
  ]);
  const [session] = finalSessions(outputs).values();
  assert.deepEqual([session?.library, session?.platform], ['ios', 'iOS']);
});

test('step() makes one session of two that a late event bridges', () => {
  const state = sessionizer.createState();
  const minutes = (count: number) => NOW + count * MINUTE_MS;
  const outputs = run(state, [
    aRecord({ time: minutes(0) }),
    aRecord({ time: minutes(50) }),
    aRecord({ time: minutes(25) }),
  ]);
  const sessions = [...finalSessions(outputs).values()];
  const survivors = sessions.filter(({ merged_into }) => merged_into === 0);
  assert.equal(survivors.length, 1);
  assert.equal(survivors[0]?.event_count, 3);
  assert.equal(sessions.length, 2);
});

test('step() opens a session of its own, marked late, for an event beyond the lateness bound', () => {
  const state = sessionizer.createState();
  const first = run(state, [aRecord({ time: NOW - 25 * 60 * MINUTE_MS })], NOW - 25 * 60 * MINUTE_MS);
  const outputs = run(state, [aRecord({ time: NOW - 25 * 60 * MINUTE_MS + 1 })], NOW);
  assert.notEqual(sessionOf(outputs), sessionOf(first));
  assert.equal(collectedCodec.decode(outputs[0]?.value as Buffer).late, true);
  assert.equal([...finalSessions(outputs).values()][0]?.late, true);
});

test('step() takes stream time from ticks: a session can change until exactly the lateness bound', () => {
  for (const [aheadMs, joins] of [
    [DAY_MS, true],
    [DAY_MS + 1, false],
  ] as const) {
    const state = sessionizer.createState();
    const first = sessionOf(run(state, [aRecord({ time: NOW })], NOW));
    run(state, [aRecord({ kind: 'tick' })], NOW + aheadMs);
    assert.equal(sessionOf(run(state, [aRecord({ time: NOW })], NOW + aheadMs)) === first, joins);
  }
});

const history = fc.array(
  fc.record({ device: fc.integer({ min: 1, max: 2 }), minute: fc.nat(300), pageview: fc.boolean() }),
  { maxLength: 40 },
);

function recordsOf(events: readonly { device: number; minute: number; pageview: boolean }[]): InputRecord[] {
  return events.map(({ device, minute, pageview }, index) =>
    aRecord({
      device_id: device,
      user_id: device,
      event_id: index + 1,
      time: NOW - minute * MINUTE_MS,
      type: pageview ? 'view page' : 'click',
      path: `/${index}`,
    }),
  );
}

test('gap sessions are the runs of events no further apart than the gap, in whatever order they come', () => {
  fc.assert(
    fc.property(history, (events) => {
      const expected: number[][] = [];
      for (const device of [1, 2]) {
        let lastMinute = -Infinity;
        const own = events
          .map((event, index) => ({ ...event, id: index + 1 }))
          .filter((event) => event.device === device);
        for (const { minute, id } of own.toSorted((a, b) => a.minute - b.minute)) {
          if (minute - lastMinute > 30) expected.push([]);
          expected.at(-1)?.push(id);
          lastMinute = minute;
        }
      }
      const sorted = expected
        .map((ids) => ids.toSorted((a, b) => a - b))
        .toSorted((a, b) => (a[0] as number) - (b[0] as number));
      assert.deepEqual(resolvedSessions(run(sessionizer.createState(), recordsOf(events))), sorted);
    }),
  );
});

test('where transactions are cut, and state is restored or copied, changes no final row', () => {
  fc.assert(
    fc.property(history, fc.array(fc.nat(40), { maxLength: 5 }), (events, cuts) => {
      const records = recordsOf(events);
      const whole = run(sessionizer.createState(), records);
      let state = sessionizer.createState();
      const pieces: Output[] = [];
      const bounds = [0, ...cuts, records.length].toSorted((a, b) => a - b);
      for (let at = 1; at < bounds.length; at += 1) {
        pieces.push(...run(state, records.slice(bounds[at - 1], bounds[at])));
        state = at % 2 === 0 ? restored(pieces) : copied(state);
      }
      assert.deepEqual(finalRows(pieces), finalRows(whole));
    }),
  );
});

function finalRows(outputs: readonly Output[]) {
  return {
    sessions: [...finalSessions(outputs).values()].toSorted((a, b) => a.session_id - b.session_id),
    events: resolvedSessions(outputs),
  };
}
