import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectedCodec } from '#schemas/codec.ts';
import { DecodeError } from '#schemas/framing.ts';
import { EMPTY_METADATA } from './commit-metadata.ts';
import { foldChunk, type ReadRecord } from './fold-chunk.ts';
import type { Processor } from './processor.ts';

const PLACE = { topic: 'events.collected', partition: 3, generation: 2 };

/** Sums bytes, publishes each record and, per transaction, the sum; refuses a record that starts with 255. */
const summing: Processor<{ sum: number }> = {
  stage: 'summing',
  input: 'events.collected',
  outputs: ['events.identified', 'sessions'],
  restores: [],
  createState: () => ({ sum: 0 }),
  step(state, record, streamTimeMs) {
    const [first = 0] = record.value ?? [];
    if (first === 255) throw new DecodeError('corrupt', 'Cannot sum');
    state.sum += first;
    const value = Buffer.from(String(streamTimeMs));
    return {
      outputs: [{ topic: 'events.identified', key: record.key, value, timestampMs: record.timestampMs }],
      outcome: 'event.forwarded',
    };
  },
  flush: ({ sum }) => [
    { topic: 'sessions', key: Buffer.from('sum'), value: Buffer.from(String(sum)), timestampMs: 0 },
  ],
};

function aRecord(offset: bigint, byte: number, timestampMs: number): ReadRecord {
  const origin = { topic: PLACE.topic, partition: PLACE.partition, offset };
  return { key: Buffer.from([1]), value: Buffer.from([byte]), timestampMs, offset, origin };
}

test('foldChunk() counts outcomes, advances stream time and flushes once', () => {
  const state = summing.createState();
  const { outputs, metadata } = foldChunk(
    summing,
    state,
    EMPTY_METADATA,
    [aRecord(0n, 4, 20), aRecord(1n, 5, 10)],
    PLACE,
  );
  assert.deepEqual(metadata, { streamTime: 20, counts: { 'event.forwarded': 2 } });
  assert.deepEqual(
    outputs.map(({ topic, value, origin }) => ({ topic, value: value.toString(), offset: origin?.offset })),
    [
      { topic: 'events.identified', value: '20', offset: 0n },
      { topic: 'events.identified', value: '20', offset: 1n },
      { topic: 'sessions', value: '9', offset: undefined },
    ],
  );
});

test('foldChunk() makes a dead letter of a record that cannot be read, goes on, and does not believe its time', () => {
  const records = [aRecord(7n, 255, 9_999), aRecord(8n, 1, 10)];
  const { outputs, metadata } = foldChunk(summing, summing.createState(), EMPTY_METADATA, records, PLACE);
  assert.deepEqual(metadata, { streamTime: 10, counts: { 'unknown.rejected': 1, 'event.forwarded': 1 } });
  assert.equal(outputs[0]?.topic, 'events.rejected');
  assert.deepEqual(
    { ...rejectedCodec.decode(outputs[0]?.value as Buffer) },
    {
      stage: 'summing',
      generation: 2,
      code: 'corrupt',
      message: 'Cannot sum',
      topic: 'events.collected',
      partition: 3,
      offset: 7,
      kind: '',
      key: Buffer.from([1]),
      value: Buffer.from([255]),
    },
  );
});

test('foldChunk() lets a bug through: it is no dead letter', () => {
  const broken = {
    ...summing,
    step: () => {
      throw new TypeError('a bug');
    },
  };
  assert.throws(
    () => foldChunk(broken, broken.createState(), EMPTY_METADATA, [aRecord(0n, 1, 1)], PLACE),
    TypeError,
  );
});

test('foldChunk() goes on from the counts that were committed', () => {
  const before = { streamTime: 50, counts: { 'event.forwarded': 3 } };
  const { metadata } = foldChunk(summing, summing.createState(), before, [aRecord(0n, 4, 20)], PLACE);
  assert.deepEqual(metadata, { streamTime: 50, counts: { 'event.forwarded': 4 } });
});

const retryOf = (record: ReadRecord, generation: number): ReadRecord => ({
  ...record,
  retry: { letter: '3:9', generation },
});

test('foldChunk() takes a record that was put back in its own generation, at its first origin', () => {
  const origin = { topic: 'events.collected', partition: 3, offset: 1n };
  const record = { ...retryOf(aRecord(8n, 4, 20), 2), origin };
  const { outputs, metadata } = foldChunk(summing, summing.createState(), EMPTY_METADATA, [record], PLACE);
  assert.deepEqual(metadata, { streamTime: 20, counts: { 'retry.taken': 1, 'event.forwarded': 1 } });
  assert.deepEqual([outputs[0]?.origin, outputs[0]?.retry], [origin, undefined]);
});

test('foldChunk() passes over a record that was put back in another generation', () => {
  const record = retryOf(aRecord(8n, 4, 20), 1);
  const state = summing.createState();
  const { outputs, metadata } = foldChunk(summing, state, EMPTY_METADATA, [record], PLACE);
  assert.deepEqual(metadata, { streamTime: 0, counts: { 'retry.other_generation': 1 } });
  assert.deepEqual([state.sum, outputs.length], [0, 1]);
});

test('foldChunk() lets a dead letter of a record that was put back point to the first', () => {
  const record = retryOf(aRecord(8n, 255, 20), 2);
  const folded = foldChunk(summing, summing.createState(), EMPTY_METADATA, [record], PLACE);
  assert.deepEqual(folded.rejected, ['corrupt']);
  assert.deepEqual(folded.outputs[0]?.retry, { letter: '3:9', generation: 2 });
  assert.deepEqual(folded.metadata.counts, { 'retry.taken': 1, 'unknown.rejected': 1 });
});
