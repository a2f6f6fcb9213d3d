import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROW_FIELDS } from '#queries/stored-rows.ts';
import { compareRows } from './compare-rows.ts';
import { PartitionFold } from './partition-fold.ts';
import { rowValues } from './row-text.ts';
import { handMadeLog } from './testing.ts';

const { events } = new PartitionFold({
  partition: 0,
  partitions: 1,
  generation: 1,
  isRejected: () => false,
  broadcasts: new Map(),
  isRefused: () => false,
}).add(handMadeLog([{ properties: '{"a":1,"b":"x"}' }, {}]));
const expected = new Map(events.map(({ offset, record }) => [offset, rowValues('events', record)]));
const stored = [...expected].map(([offset, values]) => ({ offset, values }));

const named = (rows: typeof stored) =>
  compareRows('events', 0, expected, rows).map(({ key, columns }) => [
    key,
    ...columns.map(({ column, log, found }) => [column, log, found]),
  ]);

const FIRST = 'events.collected-0@0 (environment 1, event 1000)';

test('compareRows() finds nothing where every value is equal', () => {
  assert.deepEqual(named(stored), []);
});

test('compareRows() names the column and the property with both values', () => {
  const change = (column: string, value: string) => {
    const at = ROW_FIELDS.events.findIndex(({ name }) => name === column);
    return stored.with(0, { offset: 0, values: stored[0]!.values.with(at, value) });
  };
  assert.deepEqual(named(change('name', 'x')), [[FIRST, ['name', 'click', 'x']]]);
  assert.deepEqual(named(change('properties', 'a\x1dInt64\x1d2\x1ec\x1dBool\x1dtrue')), [
    [
      FIRST,
      ['properties.a', 'Int64 1', 'Int64 2'],
      ['properties.b', 'String x', null],
      ['properties.c', null, 'Bool true'],
    ],
  ]);
});

test('compareRows() tells rows that are missing, from nowhere, or there twice', () => {
  assert.deepEqual(named(stored.slice(1)), [[FIRST, ['row', 'present', 'absent']]]);
  assert.deepEqual(named([...stored, stored[0]!]), [[FIRST, ['rows', 1, 2]]]);
  assert.deepEqual(named([...stored, { ...stored[0]!, offset: 9 }]), [
    ['events.collected-0@9 (environment 1, event 1000)', ['row', 'absent', 'present']],
  ]);
});
