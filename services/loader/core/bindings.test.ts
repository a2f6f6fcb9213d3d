import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_IDENTIFY_LIMIT } from '#lib/config/environments.ts';
import { type Binding, countBindings } from './bindings.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NONE = new Set<number>();
const LIMIT = DEFAULT_IDENTIFY_LIMIT;

const binding = (fromUserId: number, boundAtMs: number, fields: Partial<Binding> = {}): Binding => ({
  fromUserId,
  toUserId: 9000,
  boundAtMs,
  source: 'server',
  ...fields,
});

const ignored = (bindings: readonly Binding[], canonicalIds = NONE) =>
  countBindings(bindings, canonicalIds, LIMIT)
    .filter(({ counts }) => !counts)
    .map(({ binding: { fromUserId }, reason }) => [fromUserId, reason]);

test('countBindings() ignores the eleventh server binding in 30 days, by time and then by id', () => {
  const eleven = Array.from({ length: 11 }, (_, index) => binding(50 - index, 1000));
  assert.deepEqual(ignored(eleven), [[50, 'limit_of_10_in_30_days']]);
});

test('countBindings() lets the eleventh count 30 days after the first', () => {
  const ten = Array.from({ length: 10 }, (_, index) => binding(index + 1, index));
  assert.deepEqual(ignored([...ten, binding(11, 30 * DAY_MS)]), []);
  assert.deepEqual(ignored([...ten, binding(11, 30 * DAY_MS - 1)]), [[11, 'limit_of_10_in_30_days']]);
});

test('countBindings() does not let an ignored binding use the limit up', () => {
  const ten = Array.from({ length: 10 }, (_, index) => binding(index + 1, index));
  const ignoredTwo = [binding(11, 100), binding(12, 101)];
  assert.deepEqual(
    ignored([...ten, ...ignoredTwo, binding(13, 30 * DAY_MS)]).map(([from]) => from),
    [11, 12],
  );
});

test('countBindings() neither limits client bindings nor counts them for the limit', () => {
  const clients = Array.from({ length: 20 }, (_, index) => binding(index + 1, index, { source: 'web' }));
  const servers = Array.from({ length: 10 }, (_, index) => binding(index + 100, index));
  assert.deepEqual(ignored([...clients, ...servers]), []);
});

test('countBindings() counts each identity by itself', () => {
  const two = [9000, 9001].flatMap((toUserId) =>
    Array.from({ length: 10 }, (_, index) => binding(toUserId + index * 10, index, { toUserId })),
  );
  assert.deepEqual(ignored(two), []);
});

test('countBindings() ignores a device that is the canonical id of an identity', () => {
  assert.deepEqual(ignored([binding(1, 0), binding(2, 0, { source: 'web' })], new Set([2])), [
    [2, 'canonical_id'],
  ]);
});

test('countBindings() answers the same in any order of arrival', () => {
  const any = fc.uniqueArray(
    fc.record({
      fromUserId: fc.nat(60),
      toUserId: fc.constantFrom(9000, 9001),
      boundAtMs: fc.nat(60 * DAY_MS),
      source: fc.constantFrom('server', 'web'),
    }),
    { selector: ({ fromUserId }) => fromUserId, maxLength: 40 },
  );
  fc.assert(
    fc.property(any, fc.array(fc.nat(60)), fc.infiniteStream(fc.nat()), (bindings, canonical, keys) => {
      const ids = new Set(canonical);
      const shuffled = bindings
        .map((own) => ({ own, key: keys.next().value }))
        .sort((a, b) => a.key - b.key)
        .map(({ own }) => own);
      const verdicts = (order: readonly Binding[]) =>
        new Map(
          countBindings(order, ids, LIMIT).map(({ binding: { fromUserId }, reason }) => [fromUserId, reason]),
        );
      const expected = verdicts(bindings);
      for (const [from, reason] of verdicts(shuffled)) assert.equal(reason, expected.get(from));
    }),
  );
});
