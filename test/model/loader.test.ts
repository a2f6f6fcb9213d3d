/** The loader's core: which bindings count, and its protocol of intents and tokens, against naive models. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_IDENTIFY_LIMIT, type IdentifyLimit } from '#lib/config/environments.ts';
import { type Binding, countBindings } from '../../services/loader/core/bindings.ts';
import { planChunks } from '../../services/loader/core/chunks.ts';
import {
  advance,
  formatMetadata,
  type Position,
  type Range,
  readPosition,
  tokenOf,
} from '../../services/loader/core/position.ts';
import { verdictsOf } from './binding-oracle.ts';
import { DAY_MS } from './histories.ts';
import { runs } from './runs.ts';

/** Few identities, days and parts of them, so that limits are met, and met exactly. */
const bindings: fc.Arbitrary<Binding[]> = fc.uniqueArray(
  fc.record({
    fromUserId: fc.integer({ min: 1, max: 200 }),
    toUserId: fc.constantFrom(9000, 9000, 9000, 9001),
    boundAtMs: fc
      .tuple(fc.nat(14), fc.constantFrom(0, 0, 1, -1))
      .map(([steps, off]) => 100 * DAY_MS + steps * 5 * DAY_MS + off),
    source: fc.constantFrom('server', 'server', 'server', 'web'),
  }),
  { selector: ({ fromUserId }) => fromUserId, maxLength: 30, size: 'max' },
);

/** Heap's, smaller and larger ones, and none. */
const limits: fc.Arbitrary<IdentifyLimit | null> = fc.constantFrom(
  DEFAULT_IDENTIFY_LIMIT,
  { userIds: 1, days: 5 },
  { userIds: 3, days: 10 },
  { userIds: 12, days: 365 },
  null,
);

test('countBindings() says of any set of bindings, in any order, what the naive model says', () => {
  const shuffled = bindings.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  const known = fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 20 });
  fc.assert(
    fc.property(shuffled, known, limits, ([all, order], ids, limit) => {
      const canonical = new Set(ids);
      const byDevice = ({ binding }: { binding: Binding }) => binding.fromUserId;
      assert.deepEqual(
        countBindings(order, canonical, limit)
          .map(({ binding, counts, reason }) => ({ binding, counts, reason }))
          .sort((a, b) => byDevice(a) - byDevice(b)),
        [...verdictsOf(all, canonical, limit)]
          .map(([binding, reason]) => ({ binding, counts: reason === '', reason }))
          .sort((a, b) => byDevice(a) - byDevice(b)),
      );
    }),
    runs(200),
  );
});

test('the eleventh binding of an identity does not count within 30 days of the first, and does at 30 days', () => {
  const server = (fromUserId: number, boundAtMs: number): Binding => ({
    fromUserId,
    toUserId: 9000,
    boundAtMs,
    source: 'server',
  });
  const ten = Array.from({ length: 10 }, (_, index) => server(index + 1, 1000 + index));
  for (const [atMs, reason] of [
    [1000 + 30 * DAY_MS - 1, 'limit_of_10_in_30_days'],
    [1000 + 30 * DAY_MS, ''],
  ] as const) {
    const all = [...ten, server(11, atMs)];
    assert.equal(
      countBindings(all, new Set(), DEFAULT_IDENTIFY_LIMIT).find(({ binding }) => binding.fromUserId === 11)
        ?.reason,
      reason,
    );
    assert.equal(verdictsOf(all, new Set()).get(all[10]!), reason);
  }
});

test('a takeover does not count: neither of a known identity’s id, nor for those who come after it', () => {
  const all: Binding[] = [
    { fromUserId: 9001, toUserId: 9000, boundAtMs: 1, source: 'web' },
    { fromUserId: 5, toUserId: 9000, boundAtMs: 2, source: 'web' },
    { fromUserId: 6, toUserId: 9001, boundAtMs: 3, source: 'web' },
  ];
  assert.deepEqual(
    countBindings(all, new Set([9000, 9001]), DEFAULT_IDENTIFY_LIMIT).map(({ counts }) => counts),
    [false, true, true],
  );
});

/** A partition of a topic, some offsets of which are nobody's: markers of transactions, or compacted away. */
type Entry = {
  readonly offset: bigint;
  readonly bytes: number;
  readonly key: number;
  readonly timeMs: number;
};

const topics: fc.Arbitrary<Entry[]> = fc
  .array(
    fc.record({
      skip: fc.constantFrom(0, 0, 0, 1, 3),
      bytes: fc.integer({ min: 1, max: 20 }),
      key: fc.nat(4),
    }),
    {
      maxLength: 40,
      size: 'max',
    },
  )
  .map((entries) => {
    let offset = -1n;
    return entries.map(({ skip, bytes, key }, index) => {
      offset += BigInt(1 + skip);
      return { offset, bytes, key, timeMs: 1000 + ((index * 7) % 11) };
    });
  });

/** One life of a loader: how it is set, how it reads, and after how many steps of the protocol it dies. */
const lives = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 8 }),
    bytes: fc.integer({ min: 1, max: 60 }),
    fetch: fc.integer({ min: 1, max: 9 }),
    steps: fc.nat(12),
    /** Keys whose older records compaction takes away while nobody loads. */
    compacted: fc.subarray([0, 1, 2, 3, 4]),
  }),
  { maxLength: 8 },
);

class Death extends Error {}

/** The protocol of the loader's shell (docs/DESIGN.md), in memory: what survives a life is what a broker and a table keep. */
class Loading {
  committed: { offset: string; metadata: string | null } = { offset: '-1', metadata: null };
  readonly table: Entry[] = [];
  readonly #tokens = new Set<string>();
  #steps = 0;

  /** Loads a topic until it is empty, or until it has taken so many steps and dies: true when all is loaded. */
  live(
    topic: readonly Entry[],
    limits: { rows: number; bytes: number },
    fetch: number,
    steps: number,
  ): boolean {
    this.#steps = steps;
    let position = readPosition(this.committed.offset, this.committed.metadata);
    let waiting: readonly Entry[] = [];
    try {
      for (let at = 0; at < topic.length; at += fetch) {
        const read = [...waiting, ...topic.slice(at, at + fetch)];
        const plan = planChunks(position.next, position.intent, read, limits);
        for (const [index, { range, records }] of plan.chunks.entries())
          position = this.#load(position, range, records, plan.chunks[index + 1]?.range);
        waiting = plan.waiting;
      }
      return true;
    } catch (error) {
      if (error instanceof Death) return false;
      throw error;
    }
  }

  #load(position: Position, range: Range, records: readonly Entry[], next: Range | undefined): Position {
    const { intent } = position;
    if (intent?.first !== range.first || intent.last !== range.last)
      this.#commit({ ...position, intent: range });
    const token = tokenOf(1, 'sessions.g1', 0, range, 'sessions');
    if (!this.#tokens.has(token)) this.table.push(...records);
    this.#tokens.add(token);
    this.#mayDie();
    const outcomes = new Map([['session.loaded', records.length]]);
    const past = advance(position, range, outcomes, Math.max(0, ...records.map(({ timeMs }) => timeMs)));
    const committed = { ...past, intent: next };
    this.#commit(committed);
    return committed;
  }

  #commit(position: Position): void {
    this.#mayDie();
    this.committed = { offset: String(position.next), metadata: formatMetadata(position) };
    this.#mayDie();
  }

  #mayDie(): void {
    if (this.#steps === 0) throw new Death();
    this.#steps -= 1;
  }
}

/** What compaction leaves of a topic: of some keys only the newest record. */
const compact = (topic: readonly Entry[], keys: readonly number[]) =>
  topic.filter(
    (entry) => !keys.includes(entry.key) || topic.findLast(({ key }) => key === entry.key) === entry,
  );

type Life = { rows: number; bytes: number; fetch: number; steps: number; compacted: number[] };

function loadAll(topic: readonly Entry[], all: readonly Life[], isCompacted: boolean): Loading {
  const loading = new Loading();
  let left = topic;
  for (const { rows, bytes, fetch, steps, compacted } of all) {
    if (loading.live(left, { rows, bytes }, fetch, steps)) break;
    if (isCompacted) left = compact(left, compacted);
  }
  assert.ok(loading.live(left, { rows: 5, bytes: 30 }, 4, Infinity));
  return loading;
}

test('every record is loaded once, in whatever chunks and wherever the loader dies', () => {
  fc.assert(
    fc.property(topics, lives, (topic, all) => {
      const loading = loadAll(topic, all, false);
      assert.deepEqual(loading.table, topic, 'each record once and in order');
      const { counts, streamTimeMs, intent } = readPosition(
        loading.committed.offset,
        loading.committed.metadata,
      );
      assert.equal(counts['session.loaded'] ?? 0, topic.length, 'the counts are exact');
      assert.equal(streamTimeMs, Math.max(0, ...topic.map(({ timeMs }) => timeMs)));
      assert.equal(intent, undefined);
    }),
    runs(400),
  );
});

test('the newest record of each key is loaded, and none twice, when compaction passes while the loader is dead', () => {
  fc.assert(
    fc.property(topics, lives, (topic, all) => {
      const { table } = loadAll(topic, all, true);
      const offsets = table.map(({ offset }) => offset);
      assert.equal(new Set(offsets).size, offsets.length, 'none twice');
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => (a < b ? -1 : 1)),
      );
      for (const entry of compact(topic, [0, 1, 2, 3, 4]))
        assert.ok(table.includes(entry), `${entry.offset} is there`);
    }),
    runs(400),
  );
});

test('a loader that died between insert and commit repeats exactly that range, though it is set to larger ones now', () => {
  const topic = Array.from({ length: 6 }, (_, index) => ({
    offset: BigInt(index),
    bytes: 1,
    key: 0,
    timeMs: 1,
  }));
  const loading = new Loading();
  // Step 0 and 1: around the commit of the intent 0-1; step 2: after its insert.
  assert.equal(loading.live(topic, { rows: 2, bytes: 99 }, 6, 2), false);
  assert.deepEqual(
    loading.table.map(({ offset }) => offset),
    [0n, 1n],
  );
  assert.deepEqual(readPosition(loading.committed.offset, loading.committed.metadata).intent, {
    first: 0n,
    last: 1n,
  });
  assert.ok(loading.live(topic, { rows: 6, bytes: 99 }, 6, Infinity));
  assert.deepEqual(loading.table, topic);
});
