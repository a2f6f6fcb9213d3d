import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { ChunkBuilder, type LoadRecord } from './chunk-rows.ts';
import { NameRegistry } from './name-registry.ts';

const aRecord = (value: Buffer | null, timestampMs: number): LoadRecord => ({
  offset: BigInt(timestampMs),
  bytes: value?.length ?? 0,
  key: null,
  value,
  timestampMs,
  originPartition: 3,
  originOffset: 4,
});

const builder = () => {
  const names = new NameRegistry();
  return { names, chunks: new ChunkBuilder({ generation: 1, names }) };
};

test('build() sorts the kinds of a topic into their tables and counts every record', () => {
  const { names, chunks } = builder();
  const changes = ['user_properties', 'account_properties', 'tick', 'user_properties'].map((kind, index) =>
    aRecord(collectedCodec.encode({ environment: 1, kind, properties: '{"Plan":"x"}' }), index),
  );
  const torn = (changes[0] as LoadRecord).value!.subarray(0, 30);
  const built = chunks.build('profile.changes', 0, [...changes, aRecord(torn, 9), aRecord(null, 10)]);
  assert.deepEqual(
    built.tables.map(({ table, block, records }) => [
      table.table,
      block.rows,
      records.map(({ offset }) => offset),
    ]),
    [
      ['user_properties', 2, [0n, 3n]],
      ['account_properties', 1, [1n]],
    ],
  );
  assert.deepEqual(Object.fromEntries(built.outcomes), {
    'user_properties.loaded': 2,
    'account_properties.loaded': 1,
    'tick.ignored': 1,
    'unknown.rejected': 2,
  });
  assert.deepEqual(
    built.refusals.map(({ record, code }) => [record.offset, code]),
    [
      [9n, 'corrupt'],
      [10n, 'empty_value'],
    ],
  );
  assert.equal(built.streamTimeMs, 10);
  assert.deepEqual(
    names.takeQueued().map(({ scope, name, firstSeenMs }) => [scope, name, firstSeenMs]),
    [
      ['user_property', 'Plan', 0],
      ['account_property', 'Plan', 1],
    ],
  );
});

test('build() gives an event its table name and registers it with its properties', () => {
  const { names, chunks } = builder();
  const event = (name: string, type: string) =>
    collectedCodec.encode({ environment: 7, kind: 'event', name, type, properties: '{"n":1}' });
  const built = chunks.build('events.sessionized', 2, [
    aRecord(event('Sign Up', 'Sign Up'), 1),
    aRecord(event('pageview', 'view page'), 2),
    aRecord(event('Sign Up', 'Sign Up'), 3),
  ]);
  const { block } = built.tables[0]!;
  // The last row ends in: its table's name, generation, partition, offset, origin partition, origin offset.
  const tail = block.select([2]).subarray(-(8 + 8 + 2 + 8 + 2 + 2));
  assert.equal(tail.subarray(0, 8).toString('latin1'), '\x07sign_up');
  assert.equal(
    tail.subarray(8).toString('hex'),
    `0100${'0200'}${'0300000000000000'}${'0300'}${'0400000000000000'}`,
  );
  assert.deepEqual(
    names
      .takeQueued()
      .map(({ environment, scope, tableName, name, types }) => [environment, scope, tableName, name, types]),
    [
      [7, 'event', 'sign_up', 'Sign Up', 0],
      [7, 'event_property', 'sign_up', 'n', 1],
      [7, 'event', 'pageviews', 'pageview', 0],
      [7, 'event_property', 'pageviews', 'n', 1],
    ],
  );
});

test('build() tells when a session was absorbed, and passes tombstones over', () => {
  const { chunks } = builder();
  const plain = chunks.build('sessions', 0, [
    aRecord(sessionCodec.encode({ environment: 1, session_id: 1 }), 0),
    aRecord(null, 1),
  ]);
  assert.equal(plain.hasAbsorbed, false);
  assert.deepEqual(Object.fromEntries(plain.outcomes), { 'session.loaded': 1, 'session.tombstone': 1 });
  const absorbed = chunks.build('sessions', 0, [
    aRecord(sessionCodec.encode({ environment: 1, session_id: 1, merged_into: 2 }), 0),
  ]);
  assert.equal(absorbed.hasAbsorbed, true);
});

test('build() makes no row of an event or property change that was copied from another generation', () => {
  const chunks = new ChunkBuilder({ generation: 2, names: new NameRegistry(), copiedBeforeMs: 5 });
  const event = collectedCodec.encode({ environment: 1, kind: 'event', properties: '{}' });
  const built = chunks.build('events.sessionized', 0, [aRecord(event, 4), aRecord(event, 5)]);
  assert.deepEqual(Object.fromEntries(built.outcomes), { 'event.copied': 1, 'event.loaded': 1 });
  assert.deepEqual(
    built.tables.map(({ block, records }) => [block.rows, records.map(({ offset }) => offset)]),
    [[1, [5n]]],
  );
  const session = sessionCodec.encode({ environment: 1 });
  const sessions = chunks.build('sessions', 0, [aRecord(session, 4)]);
  assert.deepEqual(Object.fromEntries(sessions.outcomes), { 'session.loaded': 1 });
});
