import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Type } from 'avsc';
import type { InputRecord, Output } from '#lib/streams/processor.ts';
import { sessionCodec } from '#schemas/codec.ts';
import { FRAME_BYTES, writeFrame } from '#schemas/framing.ts';
import { sessionKey } from '#schemas/ids.ts';
import { type PublishedSchema, schemas } from '#schemas/registry.ts';
import type { Session } from '#schemas/types.ts';
import type { SessionizerState } from './processor.ts';
import {
  aRecord,
  copied,
  DAY_MS,
  finalSessions,
  MINUTE_MS,
  NOW,
  restored,
  run,
  sessionizer,
  sessionOf,
} from './testing.ts';

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
