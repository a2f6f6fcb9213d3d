import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId, idempotencyHash } from '#schemas/ids.ts';
import { type FoldedRecords, PartitionFold } from './partition-fold.ts';
import { handMadeLog, T0 } from './testing.ts';

const HOUR_MS = 60 * 60 * 1000;
const once = { idempotency: idempotencyHash('once') };

/** Two visits of a device that a late event makes one, an identify, a repeat, property changes and a broken record. */
const LOG = handMadeLog([
  { ...once },
  { time: T0 + HOUR_MS },
  { kind: 'identify', identity: 'ann' },
  { ...once },
  Buffer.from('not avro'),
  { time: T0 + HOUR_MS / 2 },
  { kind: 'user_properties', properties: '{"plan":"pro"}' },
  { kind: 'account_properties', device_id: 9, account_id: 'acme', properties: '{"tier":1}' },
  { kind: 'tick', device_id: 0 },
  { source: 'server', device_id: 2 },
]);

function fold(
  chunkLength: number,
  rejected: readonly number[] = [],
  { log = LOG, refused = [] as readonly number[] } = {},
) {
  const partition = new PartitionFold({
    partition: 0,
    partitions: 1,
    generation: 1,
    isRejected: (offset) => rejected.includes(offset),
    broadcasts: new Map(),
    isRefused: (offset) => refused.includes(offset),
  });
  const all: FoldedRecords = { events: [], userChanges: [], accountChanges: [], bindings: [] };
  for (let at = 0; at < log.length; at += chunkLength) {
    const folded = partition.add(log.slice(at, at + chunkLength));
    for (const name of Object.keys(all) as (keyof FoldedRecords)[])
      (all[name] as unknown[]).push(...folded[name]);
  }
  const sessions = [...partition.sessions.values()].map((value) => sessionCodec.decode(value));
  return { ...all, sessions, counts: partition.counts };
}

test('PartitionFold says what the stages make of a log', () => {
  const { events, userChanges, accountChanges, bindings, sessions, counts } = fold(LOG.length);
  const ann = canonicalUserId(1, 'ann');
  assert.deepEqual(
    events.map(({ offset, record }) => [offset, record.user_id]),
    [
      [0, 1],
      [1, 1],
      [5, ann],
      [9, 2],
    ],
  );
  assert.deepEqual(
    [userChanges, accountChanges].map((rows) => rows.map(({ offset }) => offset)),
    [[6], [7]],
  );
  assert.deepEqual(
    bindings.map(({ from_user_id, to_user_id, offset }) => [from_user_id, to_user_id, offset]),
    [[1, ann, 2]],
  );
  const [survivor] = sessions.filter(({ merged_into }) => merged_into === 0);
  assert.equal(sessions.length, 2);
  assert.equal(survivor?.event_count, 3);
  assert.deepEqual(counts, {
    merger: {
      'event.forwarded': 4,
      'event.duplicate': 1,
      'identify.bound': 1,
      'unknown.rejected': 1,
      'user_properties.forwarded': 1,
      'account_properties.forwarded': 1,
      'tick.forwarded': 1,
    },
    sessionizer: { 'event.forwarded': 4, 'tick.consumed': 1 },
  });
});

test('where a log is cut into chunks changes nothing of what PartitionFold holds in the end', () => {
  const whole = fold(LOG.length);
  const bySession = (result: typeof whole) => ({
    ...result,
    sessions: result.sessions.toSorted((a, b) => a.session_id - b.session_id),
  });
  for (const length of [1, 2, 3, 7]) assert.deepEqual(bySession(fold(length)), bySession(whole));
});

test('PartitionFold expects no row of a record that a later stage rejected', () => {
  const { events, userChanges, bindings } = fold(3, [1, 2, 6]);
  assert.deepEqual(
    [events, userChanges].map((rows) => rows.map(({ offset }) => offset)),
    [[0, 5, 9], []],
  );
  assert.deepEqual(bindings, []);
});

test('PartitionFold believes what the merger refused, and takes what was put back in its place', () => {
  const [first, second] = LOG;
  const copy = { ...first!, offset: 10n, retry: { letter: '0:0', generation: 1 } };
  const { events, counts } = fold(1, [], { log: [first!, copy, second!], refused: [0] });
  assert.deepEqual(
    events.map(({ offset }) => offset),
    [0, 1],
  );
  assert.deepEqual(counts.merger, { 'unknown.rejected': 1, 'retry.taken': 1, 'event.forwarded': 2 });
});
