import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planChunks } from './chunks.ts';

const records = (...offsets: number[]) => offsets.map((offset) => ({ offset: BigInt(offset), bytes: 10 }));
const LIMITS = { rows: 3, bytes: 1000 };
const shape = ({ chunks, waiting }: ReturnType<typeof planChunks>) => ({
  chunks: chunks.map(({ range, records: own, announced }) => [
    `${range.first}-${range.last}`,
    own.map(({ offset }) => Number(offset)),
    announced,
  ]),
  waiting: waiting.map(({ offset }) => Number(offset)),
});

test('planChunks() cuts by rows and by bytes, over gaps in the offsets', () => {
  assert.deepEqual(shape(planChunks(5n, undefined, records(5, 6, 8, 9), LIMITS)), {
    chunks: [
      ['5-8', [5, 6, 8], false],
      ['9-9', [9], false],
    ],
    waiting: [],
  });
  assert.deepEqual(
    shape(planChunks(5n, undefined, records(5, 6, 8), { rows: 9, bytes: 20 })).chunks.length,
    2,
  );
});

test('planChunks() gives a record larger than the limit a chunk of its own', () => {
  assert.deepEqual(shape(planChunks(0n, undefined, records(0, 1), { rows: 9, bytes: 1 })).chunks, [
    ['0-0', [0], false],
    ['1-1', [1], false],
  ]);
});

test('planChunks() drops what was loaded before', () => {
  assert.deepEqual(shape(planChunks(7n, undefined, records(5, 6, 7), LIMITS)).chunks, [['7-7', [7], false]]);
  assert.deepEqual(shape(planChunks(7n, undefined, records(5, 6), LIMITS)), { chunks: [], waiting: [] });
});

test('planChunks() repeats an announced range exactly, whatever the limits are now', () => {
  assert.deepEqual(shape(planChunks(5n, { first: 5n, last: 9n }, records(5, 6, 7, 8, 9, 10), LIMITS)), {
    chunks: [
      ['5-9', [5, 6, 7, 8, 9], true],
      ['10-10', [10], false],
    ],
    waiting: [],
  });
});

test('planChunks() waits for the end of an announced range', () => {
  const intent = { first: 5n, last: 9n };
  assert.deepEqual(shape(planChunks(5n, intent, records(5, 6), LIMITS)), { chunks: [], waiting: [5, 6] });
  assert.deepEqual(shape(planChunks(5n, intent, records(5, 6, 12), LIMITS)).chunks, [
    ['5-9', [5, 6], true],
    ['12-12', [12], false],
  ]);
});

test('planChunks() passes over an announced range that compaction has emptied', () => {
  assert.deepEqual(shape(planChunks(5n, { first: 5n, last: 9n }, records(20), LIMITS)).chunks, [
    ['5-9', [], true],
    ['20-20', [20], false],
  ]);
});

test('planChunks() plans every record from the position on once and in order, and nothing else', () => {
  const offsets = fc.uniqueArray(fc.nat(50), { maxLength: 40 }).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(
      offsets,
      fc.nat(50),
      fc.option(fc.nat(20)),
      fc.integer({ min: 1, max: 6 }),
      (all, next, length, rows) => {
        const intent = length === null ? undefined : { first: BigInt(next), last: BigInt(next + length) };
        const plan = planChunks(BigInt(next), intent, records(...all), { rows, bytes: 35 });
        const planned = [...plan.chunks.flatMap((chunk) => chunk.records), ...plan.waiting].map(
          ({ offset }) => Number(offset),
        );
        assert.deepEqual(
          planned,
          all.filter((offset) => offset >= next),
        );
        for (const { range, records: own, announced } of plan.chunks) {
          assert.ok(own.every(({ offset }) => offset >= range.first && offset <= range.last));
          assert.ok(announced || (own.length <= rows && own.length > 0));
        }
      },
    ),
  );
});
