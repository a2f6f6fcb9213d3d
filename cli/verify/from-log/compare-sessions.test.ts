import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionCodec } from '#schemas/codec.ts';
import type { Session } from '#schemas/types.ts';
import { compareCounters } from './compare-counters.ts';
import { compareResolvedSessions, compareSessions, sessionName } from './compare-sessions.ts';
import { PartitionFold } from './partition-fold.ts';
import { handMadeLog, T0 } from './testing.ts';

const HOUR_MS = 60 * 60 * 1000;
const OPTIONS = {
  partition: 0,
  partitions: 1,
  generation: 1,
  isRejected: () => false,
  broadcasts: new Map(),
  isRefused: () => false,
};
const fold = new PartitionFold(OPTIONS);
fold.add(handMadeLog([{}, { time: T0 + HOUR_MS }, { time: T0 + HOUR_MS / 2 }, { device_id: 2 }]));
const { sessions } = fold;
const rows = [...sessions.values()].map((value) => sessionCodec.decode(value));

async function* asyncOf<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const named = async (found: readonly Session[], rejected: string[] = []) =>
  (await compareSessions(sessions, asyncOf(found), (key) => rejected.includes(key))).different.map(
    ({ id, columns }) => [id, ...columns.map(({ column }) => column)],
  );

test('compareSessions() compares every column of every session', async () => {
  assert.equal(rows.length, 3);
  assert.deepEqual(await named(rows), []);
  const [first, ...others] = rows as [Session, ...Session[]];
  assert.deepEqual(await named([{ ...first, ended_at: 1, absorbed: [4] }, ...others]), [
    [first.device_id, 'absorbed', 'ended_at'],
  ]);
  assert.deepEqual(await named(others), [[first.device_id, 'row']]);
  assert.deepEqual(await named(others, [...sessions.keys()]), []);
  assert.deepEqual(await named([...rows, { ...first, session_id: 5 }]), [[first.device_id, 'row']]);
});

test('compareSessions() compares a row of an older version with the part of its session that is not found', async () => {
  const older = (row: Session): Session => ({
    ...row,
    opened_at: 0,
    extended_at: 0,
    absorbed_opened_at: [],
  });
  const [first, ...others] = rows as [Session, ...Session[]];
  assert.deepEqual(await named(rows.map(older)), []);
  assert.deepEqual(await named([older(first), ...others]), []);
  assert.deepEqual(await named([older({ ...first, event_count: 7 }), ...others]), [
    [first.device_id, 'event_count'],
  ]);
  assert.deepEqual(await named([older(first), older(first), ...others]), [[first.device_id, 'row']]);
});

test('compareSessions() misses the part of a session that a later one has replaced', async () => {
  const laterMs = 2 * 24 * HOUR_MS;
  const whole = new PartitionFold(OPTIONS);
  whole.add(
    handMadeLog([{ session_id: 9 }, { session_id: 9, time: T0 + laterMs, received_at: T0 + laterMs }]),
  );
  const parts = [...whole.sessions.values()].map((value) => sessionCodec.decode(value));
  assert.deepEqual(
    parts.map(({ session_id, opened_at, event_count }) => [session_id, opened_at, event_count]),
    [
      [9, parts[0]?.opened_at, 1],
      [9, T0 + laterMs, 1],
    ],
  );
  const missing = async (found: readonly Session[]) =>
    (await compareSessions(whole.sessions, asyncOf(found), () => false)).different.map(
      ({ columns }) => columns,
    );
  assert.deepEqual(await missing(parts), []);
  assert.deepEqual(await missing(parts.slice(1)), [[{ column: 'row', log: 'present', found: 'absent' }]]);
  // As an older version had it: one row, of the later part alone.
  const [, replaced] = parts as [Session, Session];
  const older = { ...replaced, opened_at: 0, extended_at: 0 };
  assert.equal((await missing([older])).length, 2);
});

test('compareResolvedSessions() follows an absorbed session to its survivor', () => {
  const absorbed = rows.find(({ merged_into }) => merged_into !== 0) as Session;
  const { environment, device_id, session_id, merged_into } = absorbed;
  const stored = new Set(rows.map(sessionName));
  const right = { environment, device_id, session_id, resolved: merged_into };
  assert.deepEqual(compareResolvedSessions(sessions, stored, [right]).different, []);
  assert.deepEqual(compareResolvedSessions(sessions, stored, []).different[0]?.columns, [
    { column: 'session_id', log: merged_into, found: session_id },
  ]);
  const wrong = { ...right, session_id: 77 };
  assert.equal(compareResolvedSessions(sessions, stored, [right, wrong]).different.length, 1);
});

test('compareCounters() wants equal counters, or no fewer where a stage has gone on', () => {
  const at = { stage: 'loader', topic: 'profile.changes', partition: 0, log: { 'event.loaded': 2 } };
  const differences = (found: number, isExact: boolean) =>
    compareCounters([{ ...at, found: { 'event.loaded': found }, isExact }]).different.length;
  assert.deepEqual(
    [differences(2, true), differences(3, true), differences(3, false), differences(1, false)],
    [0, 1, 0, 1],
  );
});
