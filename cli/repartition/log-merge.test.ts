import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { LogMerge, type SourceRecord, type TargetRecord } from './log-merge.ts';
import { TICK_AFTER_MS } from './tick-clock.ts';

const LIMITS = { records: 1000, bytes: 1_000_000 };
const READ_AT_MS = 10_000_000;

const record = (offset: number, device: number, timestampMs: number): SourceRecord => ({
  offset: BigInt(offset),
  key: recordKey(1, device),
  value: Buffer.from(`${device}@${offset}`),
  timestampMs,
  headers: undefined,
});

const tick = (offset: number, timestampMs: number): SourceRecord => ({
  ...record(offset, 0, timestampMs),
  key: recordKey(0, 0),
  value: collectedCodec.encode({
    kind: 'tick',
    received_at: timestampMs,
    time: timestampMs,
    source: 'server',
  }),
});

const timesOf = (records: readonly TargetRecord[]) =>
  records.map((one) => ('tickAtMs' in one ? `tick ${one.tickAtMs}` : one.timestampMs));
const always = () => true;
const never = () => false;

test('the earliest head goes first, and nothing goes while a partition that goes on has no head', () => {
  const merge = new LogMerge([0n, 0n], 3);
  merge.add(0, [record(0, 1, 100), record(1, 1, 300)], 2n, READ_AT_MS);
  assert.deepEqual(merge.take(LIMITS, never).records, []);
  merge.add(1, [record(0, 2, 200), record(3, 2, 400)], 5n, READ_AT_MS);
  assert.deepEqual(timesOf(merge.take(LIMITS, never).records), [100, 200, 300]);
  assert.deepEqual(merge.positions, [2n, 3n]);
  assert.deepEqual(merge.empty, [0]);
  assert.deepEqual(timesOf(merge.take(LIMITS, (partition) => partition === 0).records), [400]);
  assert.deepEqual(merge.positions, [2n, 5n]);
});

test('a record from the future holds up what is behind it no longer than until now', () => {
  const merge = new LogMerge([0n, 0n], 2);
  merge.add(0, [record(0, 1, READ_AT_MS * 2), record(1, 1, 500)], 2n, 1000);
  merge.add(1, [record(0, 2, 900), record(1, 2, 1100)], 2n, 1200);
  assert.deepEqual(timesOf(merge.take(LIMITS, always).records), [900, READ_AT_MS * 2, 500, 1100]);
});

test('ticks are left out and each partition that was silent gets one of its own', () => {
  const merge = new LogMerge([0n], 2);
  const device = 7;
  const own = partitionOf(recordKey(1, device), 2);
  const records = [
    record(0, device, 1000),
    tick(1, 1000 + TICK_AFTER_MS - 1),
    record(2, device, 1000 + TICK_AFTER_MS),
    tick(3, 1000 + TICK_AFTER_MS + 1),
  ];
  merge.add(0, records, 4n, READ_AT_MS);
  const taken = merge.take(LIMITS, always);
  assert.equal(taken.read, 4);
  assert.deepEqual(timesOf(taken.records), [1000, 1000 + TICK_AFTER_MS, `tick ${1000 + TICK_AFTER_MS}`]);
  assert.equal(taken.records[2]?.partition, 1 - own);
});

test('a tick that is not sound is copied: it will be a dead letter', () => {
  const merge = new LogMerge([0n], 1);
  const broken = {
    ...tick(0, 1000),
    value: Buffer.concat([tick(0, 1000).value as Buffer, Buffer.from('x')]),
  };
  merge.add(0, [broken], 1n, READ_AT_MS);
  assert.equal(merge.take(LIMITS, always).records.length, 1);
});

test('limits cut what is taken, and the rest follows', () => {
  const merge = new LogMerge([0n], 1);
  merge.add(0, [record(0, 1, 1), record(1, 1, 2), record(2, 1, 3)], 3n, READ_AT_MS);
  assert.equal(merge.take({ ...LIMITS, records: 2 }, always).read, 2);
  assert.deepEqual(merge.positions, [2n]);
  assert.equal(merge.take({ ...LIMITS, bytes: 1 }, always).read, 1);
});

/** A log of some partitions; times within one may go back a little. */
const logs = fc
  .record({
    sources: fc.integer({ min: 1, max: 5 }),
    targets: fc.integer({ min: 1, max: 7 }),
    inputs: fc.array(
      fc.record({ device: fc.integer({ min: 1, max: 20 }), ms: fc.integer({ min: 1, max: 60_000 }) }),
      { maxLength: 120 },
    ),
    chunk: fc.integer({ min: 1, max: 9 }),
    restartAfter: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ sources, targets, inputs, ...rest }) => {
    const partitions: SourceRecord[][] = Array.from({ length: sources }, () => []);
    for (const { device, ms } of inputs) {
      const own = partitions[partitionOf(recordKey(1, device), sources)] as SourceRecord[];
      own.push(record(own.length, device, ms));
    }
    return { partitions, targets, ...rest };
  });

test('every record comes out once, devices in order, wherever it is cut, stopped and begun again', () => {
  fc.assert(
    fc.property(logs, ({ partitions, targets, chunk, restartAfter }) => {
      const ends = partitions.map(({ length }) => BigInt(length));
      let merge = new LogMerge(
        partitions.map(() => 0n),
        targets,
      );
      const out: TargetRecord[] = [];
      for (
        let rounds = 0;
        merge.positions.some((position, at) => position < (ends[at] as bigint));
        rounds += 1
      ) {
        // What is committed is the positions alone.
        if (rounds === restartAfter) merge = new LogMerge(merge.positions, targets);
        for (const partition of merge.empty) {
          const from = Number(merge.positions[partition]);
          const records = partitions[partition]?.slice(from, from + chunk) ?? [];
          merge.add(partition, records, BigInt(from + records.length), READ_AT_MS);
        }
        const hasEnded = (partition: number) => merge.positions[partition] === ends[partition];
        out.push(...merge.take({ ...LIMITS, records: 7 }, hasEnded).records);
      }
      const copied = out.flatMap((one) => ('tickAtMs' in one ? [] : [one]));
      const text = (value: unknown) => String(value);
      for (const { partition, key } of copied) assert.equal(partition, partitionOf(key as Buffer, targets));
      const byDevice = (all: readonly SourceRecord[]) =>
        Map.groupBy(all, ({ key }) => text(key?.toString('hex')));
      const expected = byDevice(partitions.flat());
      const found = byDevice(copied);
      assert.equal(copied.length, partitions.flat().length);
      for (const [device, records] of expected)
        assert.deepEqual(
          found.get(device)?.map(({ value }) => text(value)),
          records.map(({ value }) => text(value)),
        );
    }),
  );
});

test('where times rise, they rise in every new partition too', () => {
  fc.assert(
    fc.property(logs, ({ partitions, targets }) => {
      const rising = partitions.map((records) => {
        const times = records.map(({ timestampMs }) => timestampMs).sort((left, right) => left - right);
        return records.map((one, at) => ({ ...one, timestampMs: times[at] as number }));
      });
      const merge = new LogMerge(
        rising.map(() => 0n),
        targets,
      );
      rising.forEach((records, partition) => {
        merge.add(partition, records, BigInt(records.length), READ_AT_MS);
      });
      const { records } = merge.take(LIMITS, always);
      for (const own of Map.groupBy(records, ({ partition }) => partition).values()) {
        const times = own.map((one) => ('tickAtMs' in one ? one.tickAtMs : one.timestampMs));
        assert.deepEqual(
          times,
          times.toSorted((left, right) => left - right),
        );
      }
    }),
  );
});
