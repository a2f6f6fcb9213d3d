import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EMPTY_METADATA } from '#lib/streams/commit-metadata.ts';
import { type FoldedChunk, foldChunk, type PlacedOutput, type ReadRecord } from '#lib/streams/fold-chunk.ts';
import type { Processor } from '#lib/streams/processor.ts';
import { collectedCodec, migrationCodec, rejectedCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId, recordKey, sessionKey } from '#schemas/ids.ts';
import type { TopicName } from '#schemas/topics.ts';
import { createMerger } from '../../services/identity-merger/core/processor.ts';
import { ChunkBuilder, type LoadRecord, type Refusal } from '../../services/loader/core/chunk-rows.ts';
import { decodeMigrations } from '../../services/loader/core/migration-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { badRecords, goodEvent } from '../support/bad-records.ts';

const T0 = Date.UTC(2026, 0, 1);
/** Kept, so that every run tries the same. */
const SEED = 20260101;
const RUNS = 3000;
const merger = createMerger({ partitions: 4, generation: 1 });
const sessionizer = createSessionizer();

type Keyed = { readonly key: Buffer; readonly value: Buffer | null };

function fold<State>(
  processor: Processor<State>,
  records: readonly Keyed[],
  state = processor.createState(),
) {
  const read: ReadRecord[] = records.map(({ key, value }, index) => {
    const offset = BigInt(index);
    return {
      key,
      value,
      timestampMs: T0,
      offset,
      origin: { topic: 'events.collected', partition: 0, offset },
    };
  });
  return foldChunk(processor, state, EMPTY_METADATA, read, {
    topic: processor.input,
    partition: 0,
    generation: 1,
  });
}

const of = ({ outputs }: FoldedChunk, topic: TopicName): readonly PlacedOutput[] =>
  outputs.filter((output) => output.topic === topic);

const lettersOf = (chunk: FoldedChunk) =>
  of(chunk, 'events.rejected').map(({ value }) => rejectedCodec.decode(value));

function load(topic: TopicName, records: readonly Keyed[]): readonly Refusal[] {
  const read: LoadRecord[] = records.map(({ key, value }, index) => ({
    offset: BigInt(index),
    bytes: value?.length ?? 0,
    key,
    value,
    timestampMs: T0,
    originPartition: 0,
    originOffset: index,
  }));
  if (topic === 'identity.migrations') return decodeMigrations(0, read).refusals;
  const builder = new ChunkBuilder({ generation: 1, names: new NameRegistry() });
  return builder.build(topic, 0, read).refusals;
}

const good = (device: number): Keyed => ({
  key: recordKey(1, device),
  value: collectedCodec.encode(goodEvent(device, T0)),
});

test('every bad record is handled or a dead letter at the first stage that can know, and good ones pass', () => {
  const bad = badRecords(1000, T0);
  const merged = fold(merger, [good(1), ...bad, good(2)]);
  assert.equal(
    Object.values(merged.metadata.counts).reduce((sum, count) => sum + count, 0),
    bad.length + 2,
  );
  assert.equal(merged.metadata.streamTime, T0);
  const offsets = new Map(lettersOf(merged).map(({ offset, code }) => [offset - 1, code]));
  for (const [index, { title, code, stage }] of bad.entries())
    assert.equal(offsets.get(index), stage === undefined ? code : undefined, title);

  const sessionized = fold(sessionizer, of(merged, 'events.identified').map(keyed));
  assert.deepEqual(lettersOf(sessionized), []);
  const events = of(sessionized, 'events.sessionized').map(keyed);
  const late = bad.filter(({ stage }) => stage === 'loader');
  assert.deepEqual(
    load('events.sessionized', events).map(({ record, code }) => [record.key?.toString('hex'), code]),
    late.map(({ key, code }) => [key.toString('hex'), code]),
  );
  assert.deepEqual(load('sessions', of(sessionized, 'sessions').map(keyed)), []);
  assert.equal(events.length, 2 + late.length + bad.filter(({ code }) => code === undefined).length);
});

test('every stage reads bad records of its own input without a fall', () => {
  const bad = badRecords(1000, T0);
  assert.ok(lettersOf(fold(sessionizer, bad)).length > 20);
  for (const topic of ['events.sessionized', 'profile.changes', 'sessions', 'identity.migrations'] as const)
    assert.ok(load(topic, bad).length > 20, topic);
});

test('a dead letter holds its record whole, but of a giant one the beginning, and always fits a batch', () => {
  for (const { title, key, value, code } of badRecords(1000, T0)) {
    const [letter] = lettersOf(fold(merger, [{ key, value }]));
    if (letter === undefined) continue;
    assert.deepEqual(letter.key, key, title);
    const whole = value ?? Buffer.alloc(0);
    if (code === 'too_large') assert.deepEqual(letter.value, whole.subarray(0, 64 * 1024));
    else assert.deepEqual(letter.value, whole, title);
  }
});

type Mutation = { readonly at: number; readonly bytes: Uint8Array; readonly removed: number };

const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    at: fc.nat(1000),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.constantFrom(Buffer.alloc(10, 0xff), Buffer.alloc(4)),
    ),
    removed: fc.nat(4),
  }),
  { minLength: 1, maxLength: 3 },
);

function mutate(value: Buffer, changes: readonly Mutation[]): Buffer {
  let changed = value;
  for (const { at, bytes, removed } of changes) {
    const start = at % (changed.length + 1);
    changed = Buffer.concat([changed.subarray(0, start), bytes, changed.subarray(start + removed)]);
  }
  return changed;
}

function fuzz(what: string, value: Buffer, key: Buffer, feed: (record: Keyed) => void): void {
  test(`no change of bytes in ${what} makes a stage fall (seed ${SEED})`, () => {
    const property = fc.property(mutations, (changes) => feed({ key, value: mutate(value, changes) }));
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
}

for (const kind of ['event', 'identify', 'user_properties', 'tick'] as const) {
  const device = kind === 'tick' ? 0 : 7;
  const environment = kind === 'tick' ? 0 : 1;
  const fields = {
    ...goodEvent(device, T0),
    kind,
    environment,
    identity: 'a@b.c',
    flags: ['time_corrected'],
  };
  const key = recordKey(environment, device);
  fuzz(`a record of kind ${kind}`, collectedCodec.encode(fields), key, (record) => {
    const merged = fold(merger, [record]);
    const sessionized = fold(sessionizer, of(merged, 'events.identified').map(keyed));
    assert.deepEqual(lettersOf(sessionized), [], 'what the merger lets through is sound');
    load('events.sessionized', of(sessionized, 'events.sessionized').map(keyed));
    assert.deepEqual(load('sessions', of(sessionized, 'sessions').map(keyed)), []);
    assert.deepEqual(load('identity.migrations', of(merged, 'identity.migrations').map(keyed)), []);
    load('profile.changes', of(merged, 'profile.changes').map(keyed));
    fold(sessionizer, [record, good(7)]);
    load('events.sessionized', [record]);
  });
}

const session = {
  environment: 1,
  device_id: 7,
  session_id: 9,
  absorbed: [3, 4],
  started_at: T0,
  ended_at: T0,
};
fuzz('a session', sessionCodec.encode(session), sessionKey(1, 7, 9, 0), (record) => {
  load('sessions', [record]);
});

const binding = {
  environment: 1,
  from_user_id: 7,
  to_user_id: canonicalUserId(1, 'a@b.c'),
  identity: 'a@b.c',
};
fuzz('a binding', migrationCodec.encode(binding), recordKey(1, 7), (record) => {
  load('identity.migrations', [record]);
});

function keyed({ key, value }: PlacedOutput): Keyed {
  return { key, value };
}
