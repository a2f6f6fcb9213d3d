import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Property, propertyColumns } from './property-columns.ts';

const BUILT_IN = new Set(['time', 'path']);
const property = (name: string, types: number, firstSeenMs = 0): Property => ({ name, types, firstSeenMs });
const columns = (...properties: Property[]) => propertyColumns(properties, BUILT_IN, 'p');

test('propertyColumns() reads a path as the type it has been seen with', () => {
  assert.deepEqual(columns(property('Plan Name', 2), property('ok', 4), property('mixed', 3)), [
    { column: 'plan_name', expression: 'p.`Plan Name`.:String' },
    { column: 'mixed', expression: "CAST(p.`mixed`, 'Nullable(String)')" },
    { column: 'ok', expression: 'p.`ok`.:Bool' },
  ]);
  assert.match(columns(property('n', 1))[0]!.expression, /^coalesce\(p\.`n`\.:Float64, /);
});

test('propertyColumns() does not hide a built-in column', () => {
  assert.deepEqual(
    columns(property('Time', 2)).map(({ column }) => column),
    ['time_property'],
  );
});

test('propertyColumns() makes one column of names that share one, the oldest first, whatever their order', () => {
  const a = property('A b', 2, 2);
  const b = property('a-b', 2, 1);
  const expected = [{ column: 'a_b', expression: 'coalesce(p.`a-b`.:String, p.`A b`.:String)' }];
  assert.deepEqual(columns(a, b), expected);
  assert.deepEqual(columns(b, a), expected);
  assert.deepEqual(
    columns(property('A b', 2, 2), property('a-b', 1, 1))[0]!.expression.includes('Nullable(String)'),
    true,
  );
});

test('propertyColumns() quotes any name and passes over those that cannot be addressed', () => {
  assert.deepEqual(
    columns(property('a`b\\c', 2), property('', 2), property('x.:`String`', 2)).map(
      ({ expression }) => expression,
    ),
    ['p.`a\\`b\\\\c`.:String'],
  );
});
