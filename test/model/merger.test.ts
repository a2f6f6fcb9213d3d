/** The identity-merger's core against a naive oracle, over random histories of one partition. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PlacedOutput, ReadRecord } from '#lib/streams/fold-chunk.ts';
import { auditCodec, blockCodec, collectedCodec, migrationCodec, rejectedCodec } from '#schemas/codec.ts';
import { blockKey, canonicalUserId } from '#schemas/ids.ts';
import type { TopicName } from '#schemas/topics.ts';
import type { Migration } from '#schemas/types.ts';
import { createMerger, DUPLICATES_CAPACITY } from '../../services/identity-merger/core/processor.ts';
import { aDeed, DAY_MS, type Deed, HOUR_MS, histories, keyOf, type Told, tell } from './histories.ts';
import { type Merged, mergedOf } from './merger-oracle.ts';
import { runs } from './runs.ts';
import { type Ran, runStage, StageRun, type Turn, turns } from './stage-run.ts';

const PARTITION = 2;
const BLOCKED = { environment: 1, identity: 'bob' };
const blocked = (environment: number, identity: string) =>
  environment === BLOCKED.environment && identity === BLOCKED.identity;

type Situation = { readonly withBlock?: boolean; readonly capacity?: number };

function readRecords(log: readonly Told[]): ReadRecord[] {
  return log.map(({ offset, record, isJunk }) => {
    const place = BigInt(offset);
    const value = collectedCodec.encode(record);
    return {
      key: keyOf(record),
      value: isJunk ? value.subarray(0, -3) : value,
      timestampMs: record.received_at,
      offset: place,
      origin: { topic: 'events.collected', partition: PARTITION, offset: place },
    };
  });
}

function runMerger(
  log: readonly Told[],
  plan: readonly Turn[],
  { withBlock, capacity }: Situation = {},
): Ran {
  const partitions = capacity === undefined ? 4 : Math.floor(DUPLICATES_CAPACITY / capacity);
  const merger = createMerger({ partitions, generation: 1 });
  const { environment, identity } = BLOCKED;
  const user_id = canonicalUserId(environment, identity);
  const block = {
    key: blockKey(environment, user_id, 1),
    value: blockCodec.encode({ environment, user_id, identity, from_generation: 1 }),
  };
  const broadcasts = new Map<TopicName, { key: Buffer; value: Buffer }[]>([
    ['identity.blocks', withBlock ? [block] : []],
  ]);
  return runStage(new StageRun(merger, { partition: PARTITION, broadcasts }), readRecords(log), plan);
}

/** What a record must have made, each output in full. */
function wanted({ told, forwarded, migration, audit, outcome }: Merged, named: string | undefined) {
  const { record, offset } = told;
  const placed = { key: keyOf(record).toString('hex'), timestampMs: record.received_at, offset };
  const isLetter = outcome === 'unknown.rejected';
  return [
    ...(forwarded ? [{ ...placed, topic: forwarded.topic, value: forwarded.record }] : []),
    ...(migration ? [{ ...placed, topic: 'identity.migrations', value: migration }] : []),
    ...(audit
      ? [{ ...placed, topic: 'identity.audit', value: { ...audit.entry, reason: pick(audit, named) } }]
      : []),
    ...(isLetter ? [{ ...placed, topic: 'events.rejected', value: offset }] : []),
  ];
}

/** The reason that was named, if it applies, else those that do. */
const pick = ({ reasons }: { reasons: readonly string[] }, named = '') =>
  reasons.includes(named) ? named : reasons.join(' or ');

function decode({ topic, value }: PlacedOutput) {
  switch (topic) {
    case 'identity.migrations':
      return { ...migrationCodec.decode(value) };
    case 'identity.audit':
      return { ...auditCodec.decode(value) };
    case 'events.rejected':
      return rejectedCodec.decode(value).offset;
    default: {
      const record = collectedCodec.decode(value);
      assert.ok(collectedCodec.encode(record).equals(value), 'no other byte than the prefix changes');
      return { ...record };
    }
  }
}

function compare({ outputs, metadata }: Ran, expected: readonly Merged[]): void {
  const published = outputs.map((output) => ({
    key: output.key.toString('hex'),
    timestampMs: output.timestampMs,
    offset: Number(output.origin?.offset),
    topic: output.topic as string,
    value: decode(output),
  }));
  const reasons = new Map(
    published.map(({ offset, value }) => [offset, (value as unknown as { reason?: string }).reason]),
  );
  assert.deepEqual(
    published,
    expected.flatMap((merged) => wanted(merged, reasons.get(merged.told.offset))),
  );
  const counts: Record<string, number> = {};
  for (const { outcome } of expected) counts[outcome] = (counts[outcome] ?? 0) + 1;
  assert.deepEqual({ ...metadata.counts }, counts);
}

function check(deeds: readonly Deed[], plan: readonly Turn[], situation: Situation = {}): readonly Merged[] {
  const log = tell(deeds);
  const expected = mergedOf(log, {
    partition: PARTITION,
    ...(situation.withBlock ? { blocked } : {}),
    ...(situation.capacity !== undefined ? { capacity: situation.capacity } : {}),
  });
  compare(runMerger(log, plan, situation), expected);
  return expected;
}

/** Few keys of few devices, sent again at the edge of their window by clocks that do not agree. */
const repeated = fc.array(
  fc
    .record({
      kind: fc.constantFrom('event', 'event', 'event', 'event', 'tick', 'junk'),
      device: fc.constantFrom(1, 1, 2),
      key: fc.constantFrom(1, 1, 2),
      laterMs: fc.constantFrom(0, 0, 1, 12 * HOUR_MS, DAY_MS - 1, DAY_MS, DAY_MS + 1),
      behindMs: fc.constantFrom(0, 0, 12 * HOUR_MS, DAY_MS),
    })
    .map(aDeed),
  { minLength: 2, maxLength: 12 },
);

test('the merger publishes of any history what the naive model says, wherever it is cut, aborted and restored', () => {
  fc.assert(
    fc.property(fc.oneof(histories(), repeated), turns, fc.boolean(), (deeds, plan, withBlock) => {
      check(deeds, plan, { withBlock });
    }),
    runs(1000),
  );
});

test('a bounded window of idempotency keys forgets what was let through longest ago, restored or not', () => {
  const sameClock = histories({ kinds: ['event'], withinADay: true }).map((deeds) =>
    deeds.map((deed, index) => ({ ...deed, behindMs: 0, key: (deed.key * 7 + index * 3) % 6 })),
  );
  fc.assert(
    fc.property(sameClock, turns, fc.integer({ min: 1, max: 8 }), (deeds, plan, capacity) => {
      check(deeds, plan, { capacity });
    }),
    runs(200),
  );
});

test('a restored window of idempotency keys is the one that was lost, however full it is and whatever the clocks say', () => {
  // Which key a full window forgets first while receive times are out of order is not specified, but it is the same.
  const events = histories({ kinds: ['event', 'event', 'tick'] });
  fc.assert(
    fc.property(events, turns, fc.integer({ min: 1, max: 4 }), (deeds, plan, capacity) => {
      const log = tell(deeds);
      const [interrupted, whole] = [plan, []].map((own) => runMerger(log, own, { capacity }));
      assert.deepEqual(interrupted?.metadata, whole?.metadata);
    }),
    runs(200),
  );
});

test('the first binding of a device is the one that is published, whatever is identified after it', () => {
  const identifies = histories({ kinds: ['identify', 'identify', 'event'] });
  fc.assert(
    fc.property(identifies, turns, (deeds, plan) => {
      const bindings = migrationsOf(runMerger(tell(deeds), plan));
      const devices = bindings.map(({ environment, from_user_id }) => `${environment}/${from_user_id}`);
      assert.equal(new Set(devices).size, devices.length, 'one binding a device');
    }),
    runs(100),
  );
});

const migrationsOf = ({ outputs }: Ran): Migration[] =>
  outputs
    .filter(({ topic }) => topic === 'identity.migrations')
    .map(({ value }) => migrationCodec.decode(value));

const RESTART_EACH: readonly Turn[] = Array.from({ length: 12 }, () => ({
  records: 1,
  ending: 'restart',
  cleaned: true,
}));

const outcomesOf = (deeds: readonly Deed[], situation: Situation = {}) =>
  [[], RESTART_EACH].map((plan) => check(deeds, plan, situation).map(({ outcome }) => outcome));

/** The same with and without restarts. */
const both = (outcomes: readonly string[]) => [outcomes, outcomes];

test('an idempotency key sent again exactly 24 hours later is a duplicate, a millisecond later it is not', () => {
  const [first, again] = [aDeed({ key: 1 }), aDeed({ key: 1, laterMs: DAY_MS })];
  assert.deepEqual(outcomesOf([first, again]), both(['event.forwarded', 'event.duplicate']));
  const late = { ...again, laterMs: DAY_MS + 1 };
  assert.deepEqual(outcomesOf([first, late]), both(['event.forwarded', 'event.forwarded']));
});

test('stream time is the largest receive time: a collector whose clock is behind does not bring a key back', () => {
  const tick = aDeed({ kind: 'tick', laterMs: DAY_MS + 1 });
  const behind = aDeed({ key: 1, behindMs: DAY_MS });
  assert.deepEqual(
    outcomesOf([aDeed({ key: 1 }), tick, behind]),
    both(['event.forwarded', 'tick.forwarded', 'event.forwarded']),
  );
});

test('a key that was forgotten behind one that is still remembered counts anew from when it came again', () => {
  const other = aDeed({ device: 2, key: 1 });
  const key = aDeed({ key: 1, behindMs: 12 * HOUR_MS });
  const again = aDeed({ key: 1, laterMs: 13 * HOUR_MS });
  assert.deepEqual(
    outcomesOf([other, key, again, aDeed({ key: 1 }), { ...other, laterMs: 1 }]),
    both(['event.forwarded', 'event.forwarded', 'event.forwarded', 'event.duplicate', 'event.duplicate']),
  );
});

test('a record that cannot be read does not move stream time', () => {
  const junk = aDeed({ kind: 'junk', laterMs: 2 * DAY_MS });
  const again = aDeed({ key: 1, behindMs: 2 * DAY_MS });
  assert.deepEqual(
    outcomesOf([aDeed({ key: 1 }), junk, again]),
    both(['event.forwarded', 'unknown.rejected', 'event.duplicate']),
  );
});

test('an id that is the canonical one of its identity is not bound to it, and no stage judges a takeover', () => {
  // device 3 % 3 is the first name, which the deed identifies it as.
  const own = aDeed({ kind: 'identify', byName: true, device: 3, identity: 0 });
  assert.deepEqual(outcomesOf([own]), both(['identify.repeated']));
  const takeover = { ...own, identity: 1 };
  // Whether the id is canonical cannot be known in its partition: the binding is made, and judged in the loader.
  assert.deepEqual(outcomesOf([takeover]), both(['identify.bound']));
});

test('an identify that is dated back binds from its receipt on', () => {
  const identify = aDeed({ kind: 'identify', agoMs: 6 * DAY_MS, laterMs: 1000 });
  const [before, binding, after] = check([aDeed(), identify, aDeed()], []);
  assert.equal(before?.forwarded?.record.user_id, 1);
  assert.equal(binding?.migration?.bound_at, binding?.told.record.received_at);
  assert.equal(binding?.migration?.time, (binding?.told.record.received_at ?? 0) - 6 * DAY_MS);
  assert.equal(after?.forwarded?.record.user_id, canonicalUserId(1, 'ann'));
});
