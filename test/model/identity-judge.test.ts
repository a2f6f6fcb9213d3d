/** Judging again only what can change, against judging everything. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Binding, inOrder } from '../../services/loader/core/bindings.ts';
import { IdentityJudge } from '../../services/loader/core/identity-judge.ts';
import { verdictsOf } from './binding-oracle.ts';
import { DAY_MS } from './histories.ts';
import { runs } from './runs.ts';

const IDENTITY = 9000;

/** Bindings of one identity by the server, in the chunks they come in; few days, so that limits are met exactly. */
const chunks: fc.Arbitrary<Binding[][]> = fc
  .uniqueArray(
    fc.record({
      fromUserId: fc.integer({ min: 1, max: 300 }),
      toUserId: fc.constant(IDENTITY),
      boundAtMs: fc
        .tuple(fc.nat(14), fc.constantFrom(0, 0, 1, -1))
        .map(([steps, off]) => 100 * DAY_MS + steps * 5 * DAY_MS + off),
      source: fc.constant('server'),
    }),
    { selector: ({ fromUserId }) => fromUserId, minLength: 1, maxLength: 50, size: 'max' },
  )
  .chain((all) =>
    fc
      .array(fc.nat(6), { minLength: all.length, maxLength: all.length })
      .map((at) => [...Map.groupBy(all, (_, index) => at[index]).values()]),
  );

test('an identity that is judged again from the first change on has the verdicts of judging everything', () => {
  const limits = fc.record({ userIds: fc.integer({ min: 1, max: 11 }), days: fc.constantFrom(5, 10, 30) });
  const canonical = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 30 });
  fc.assert(
    fc.property(chunks, limits, canonical, fc.integer({ min: 1, max: 7 }), (all, limit, ids, pageSize) => {
      const canonicalIds = new Set(ids);
      /** What the table holds. */
      const table = new Map<number, Binding & { reason: string }>();
      let read = 0;
      for (const changes of all) {
        const stored = [...table.values()].sort(inOrder);
        const firstMs = Math.min(...changes.map(({ boundAtMs }) => boundAtMs));
        const judge = new IdentityJudge({
          limit,
          counted: stored
            .filter(({ boundAtMs, reason }) => boundAtMs < firstMs && reason === '')
            .map(({ boundAtMs }) => boundAtMs),
          changes,
          canonicalIds,
        });
        const after = stored.filter(({ boundAtMs }) => boundAtMs >= firstMs);
        for (let at = 0; ; at += pageSize) {
          const page = after.slice(at, at + pageSize);
          const isLast = page.length < pageSize;
          read += page.length;
          for (const { binding, reason } of judge.take(page, isLast))
            table.set(binding.fromUserId, { ...binding, reason });
          if (isLast || judge.isSettled) break;
        }
      }
      const expected = [...verdictsOf(all.flat(), canonicalIds, limit)];
      assert.deepEqual(
        expected.map(([{ fromUserId }]) => table.get(fromUserId)?.reason),
        expected.map(([, reason]) => reason),
      );
      assert.ok(read <= all.flat().length * all.length);
    }),
    runs(500),
  );
});

test('judging again ends where the limit is used as it was: what comes after is not read', () => {
  const server = (fromUserId: number, boundAtMs: number) => ({
    fromUserId,
    toUserId: IDENTITY,
    boundAtMs,
    source: 'server',
  });
  const limit = { userIds: 2, days: 30 };
  const judge = new IdentityJudge({
    limit,
    counted: [1, 2],
    changes: [server(1, 10)],
    canonicalIds: new Set(),
  });
  const over = 'limit_of_2_in_30_days';
  assert.deepEqual(
    judge.take([{ ...server(2, 11), reason: over }], false).map(({ reason }) => reason),
    [over],
  );
  assert.equal(judge.isSettled, true);

  const earlier = new IdentityJudge({ limit, counted: [], changes: [server(1, 0)], canonicalIds: new Set() });
  const page = [3, 4].map((id) => ({ ...server(id, id), reason: '' }));
  assert.deepEqual(
    earlier.take(page, false).map(({ binding, reason }) => [binding.fromUserId, reason]),
    [
      [1, ''],
      [4, over],
    ],
  );
  assert.equal(earlier.isSettled, false);
});
