import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Type } from 'avsc';
import fc from 'fast-check';
import type { InputRecord, Output } from '#lib/streams/processor.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { FRAME_BYTES, writeFrame } from '#schemas/framing.ts';
import { recordKey, sessionKey } from '#schemas/ids.ts';
import { type PublishedSchema, schemas } from '#schemas/registry.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { createSessionizer, type SessionizerState } from './processor.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NOW = Date.UTC(2026, 0, 10);
const sessionizer = createSessionizer();

let nextEventId = 1;

function aRecord(fields: Partial<Collected>): InputRecord {
  const collected: Partial<Collected> = {
    kind: 'event',
    environment: 1,
    user_id: 5,
    device_id: 5,
    event_id: nextEventId,
    source: 'web',
    type: 'click',
    time: NOW,
    received_at: NOW,
    ...fields,
  };
  nextEventId += 1;
  return {
    key: recordKey(1, collected.device_id as number),
    value: collectedCodec.encode(collected),
    timestampMs: collected.received_at as number,
    origin: { topic: 'events.collected', partition: 0, offset: 0n },
  };
}

/** Runs records as one transaction. */
function run(
  state: SessionizerState,
  records: readonly InputRecord[],
  streamTimeMs = NOW,
): readonly Output[] {
  const outputs = records.flatMap((record) => sessionizer.step(state, record, streamTimeMs).outputs);
  return [...outputs, ...sessionizer.flush(state)];
}

function sessionOf(outputs: readonly Output[]): number {
  return collectedCodec.decode(outputs[0]?.value as Buffer).session_id;
}

/** Final rows by session id: what compaction keeps. */
function finalSessions(outputs: readonly Output[]): Map<number, Session> {
  const rows = outputs
    .filter(({ topic }) => topic === 'sessions')
    .map(({ value }) => sessionCodec.decode(value));
  return new Map(rows.map((row) => [row.session_id, row]));
}

/** Event ids by session, as a reader sees them: absorbed sessions resolved in one step. */
function resolvedSessions(outputs: readonly Output[]): number[][] {
  const sessions = finalSessions(outputs);
  const events = new Map<number, number[]>();
  for (const { topic, value } of outputs) {
    if (topic !== 'events.sessionized') continue;
    const { session_id, event_id } = collectedCodec.decode(value);
    const resolved = sessions.get(session_id)?.merged_into || session_id;
    assert.equal(sessions.get(resolved)?.merged_into, 0, 'a reader follows one step');
    events.set(
      resolved,
      [...(events.get(resolved) ?? []), event_id].toSorted((a, b) => a - b),
    );
  }
  return [...events.values()].toSorted((a, b) => (a[0] as number) - (b[0] as number));
}

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

function restored(outputs: readonly Output[]): SessionizerState {
  const state = sessionizer.createState();
  for (const { topic, key, value, timestampMs } of outputs)
    if (topic === 'sessions') sessionizer.restores[0]?.fold(state, { key, value, timestampMs });
  return state;
}

/** State as a snapshot brings it back. */
function copied(state: SessionizerState): SessionizerState {
  const { encode, decode } = sessionizer.snapshot as NonNullable<typeof sessionizer.snapshot>;
  return decode(Buffer.concat(encode(state)));
}

function finalRows(outputs: readonly Output[]) {
  return {
    sessions: [...finalSessions(outputs).values()].toSorted((a, b) => a.session_id - b.session_id),
    events: resolvedSessions(outputs),
  };
}

/** Runs records one transaction each, with the same and with a fresh copy of the state. */
function runEach(records: readonly (readonly [InputRecord, streamTimeMs: number])[]): Output[][] {
  return [(state: SessionizerState) => state, copied].map((next) => {
    let state = sessionizer.createState();
    return records.flatMap(([record, streamTimeMs]) => {
      const outputs = run(state, [record], streamTimeMs);
      state = next(state);
      return outputs;
    });
  });
}

/** What compaction keeps: the last row of each key. */
function keptRows(outputs: readonly Output[]): Session[] {
  const rows = outputs.filter(({ topic }) => topic === 'sessions');
  const last = new Map(rows.map(({ key, value }) => [key.toString('hex'), sessionCodec.decode(value)]));
  return [...last.values()];
}

test('a session that goes on when it can no longer change gets another part: its first row stays as it is', () => {
  const later = NOW + DAY_MS + 1;
  const twiceTheSame = { event_id: 99 };
  for (const fields of [{ session_id: 9 }, twiceTheSame]) {
    const first = aRecord({ ...fields, type: 'view page', domain: 'shop.example', path: '/start' });
    const again = aRecord({ ...fields, time: later, received_at: later });
    const onceMore = aRecord({ ...fields, event_id: 100, time: later + 1, received_at: later + 1 });
    for (const outputs of runEach([
      [first, NOW],
      [again, later],
      [onceMore, later + 1],
    ])) {
      assert.equal(new Set([sessionOf(outputs), sessionOf(outputs.slice(2))]).size, 1);
      assert.deepEqual(
        keptRows(outputs).map(({ opened_at, started_at, event_count, landing_page }) => ({
          opened_at,
          started_at,
          event_count,
          landing_page,
        })),
        [
          { opened_at: NOW, started_at: NOW, event_count: 1, landing_page: 'shop.example/start' },
          { opened_at: later, started_at: later, event_count: 2, landing_page: '' },
        ],
      );
    }
  }
});

test('both parts of a session come out of the transaction in which the first can change no longer', () => {
  const later = NOW + DAY_MS + 1;
  const state = sessionizer.createState();
  const outputs = [
    ...sessionizer.step(state, aRecord({ session_id: 9 }), NOW).outputs,
    ...sessionizer.step(state, aRecord({ session_id: 9, time: later }), later).outputs,
    ...sessionizer.flush(state),
  ];
  assert.deepEqual(
    keptRows(outputs).map(({ opened_at, event_count }) => [opened_at, event_count]),
    [
      [NOW, 1],
      [later, 1],
    ],
  );
});

test('sessions with one id that is still open are one, in one transaction, in two, and after a restart', () => {
  const twice = [0, 50].map((minute) => aRecord({ event_id: 99, time: NOW + minute * MINUTE_MS }));
  const after = aRecord({ time: NOW + 51 * MINUTE_MS });
  const [first, second] = twice as [InputRecord, InputRecord];
  const together = sessionizer.createState();
  const apart = sessionizer.createState();
  run(together, twice);
  const rows = [...run(apart, [first]), ...run(apart, [second])];
  const counts = [together, apart, restored(rows)].map((state) =>
    [...finalSessions(run(state, [after])).values()].map(({ event_count }) => event_count),
  );
  assert.deepEqual(counts, [[3], [3], [3]]);
  assert.deepEqual(
    [together, apart].map(({ sessions }) => sessions.size),
    [1, 1],
  );
});

test('the id of a session that was absorbed leads its events on while the survivor is open', () => {
  const at = (minute: number, event_id: number) => aRecord({ time: NOW + minute * MINUTE_MS, event_id });
  const state = sessionizer.createState();
  const outputs = run(state, [at(0, 1), at(50, 2), at(25, 3), at(200, 2)]);
  assert.deepEqual(
    keptRows(outputs)
      .filter(({ merged_into }) => merged_into === 0)
      .map(({ event_count }) => event_count),
    [4],
  );
});

/** A row as version 1 wrote it, which knew of no parts. */
function rowOfVersion1(fields: Partial<Session>): Buffer {
  const { type, id } = schemas.find(({ name }) => name === 'Session') as PublishedSchema;
  const defaults = new (type as Type & { recordConstructor: new () => object }).recordConstructor();
  const datum = type.toBuffer({ ...defaults, environment: 1, device_id: 5, library: 'web', ...fields });
  const row = Buffer.alloc(FRAME_BYTES + datum.length);
  datum.copy(row, writeFrame(row, id));
  return row;
}

test('a session that an older version wrote goes on under the key it had', () => {
  const times = { started_at: NOW, ended_at: NOW, updated_at: NOW };
  const absorbed = { gap: true, session_id: 8, merged_into: 7, ...times };
  const survivor = { gap: true, session_id: 7, event_id: 1, event_count: 2, absorbed: [8], ...times };
  const rows = [rowOfVersion1(absorbed), rowOfVersion1(survivor)];
  const state = sessionizer.createState();
  for (const [index, value] of rows.entries()) {
    const key = sessionKey(1, 5, index === 0 ? 8 : 7, 0);
    sessionizer.restores[0]?.fold(state, { key, value, timestampMs: NOW });
  }
  for (const known of [state, copied(state)]) {
    // An earlier session that a late event joins to it: both of the older version's are led on.
    const outputs = run(known, [
      aRecord({ time: NOW - 50 * MINUTE_MS, event_id: 3 }),
      aRecord({ time: NOW - 25 * MINUTE_MS, event_id: 4 }),
    ]);
    const [earlier] = keptRows(outputs).filter(({ merged_into }) => merged_into === 0);
    assert.equal(earlier?.event_count, 4);
    assert.deepEqual(
      outputs.filter(({ topic, key }) => topic === 'sessions' && key.length === 16).map(({ key }) => key),
      [sessionKey(1, 5, 7, 0), sessionKey(1, 5, 8, 0)],
    );
    assert.deepEqual(
      [earlier?.absorbed, earlier?.absorbed_opened_at],
      [
        [7, 8],
        [0, 0],
      ],
    );
  }
});
