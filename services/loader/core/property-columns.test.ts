import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstTyped, type Property, propertyColumns } from './property-columns.ts';

const BUILT_IN = new Set(['time', 'path']);
/** A property that was registered at `registeredMs` with its first type. */
const property = (
  name: string,
  types: number,
  firstSeenMs = 0,
  first = types,
  registeredMs = firstSeenMs,
) => ({
  name,
  types,
  firstSeenMs,
  firstTyped: firstTyped(registeredMs, first),
});
const columns = (...properties: Property[]) => propertyColumns(properties, BUILT_IN, 'p');

test('propertyColumns() reads a path as the type it has been seen with', () => {
  assert.deepEqual(columns(property('Plan Name', 2), property('ok', 4)), [
    { column: 'plan_name', expression: 'p.`Plan Name`.:String', present: undefined },
    { column: 'ok', expression: 'p.`ok`.:Bool', present: undefined },
  ]);
  assert.match(columns(property('n', 1))[0]!.expression, /^coalesce\(p\.`n`\.:Float64, /);
});

test('a column keeps the type its property was registered with, and shows other values as text beside it', () => {
  const text = "CAST(p.`v`, 'Nullable(String)')";
  for (const types of [3, 5, 7]) {
    const [own, beside, ...more] = columns(property('v', types, 0, 1));
    assert.match(own!.expression, /toFloat64OrNull/);
    assert.equal(own!.present, 'isNotNull(p.`v`)');
    assert.deepEqual([beside, more], [{ column: 'v__text', expression: text, present: undefined }, []]);
  }
  assert.match(columns(property('v', 6, 0, 4))[0]!.expression, /Nullable\(Bool\)/);
  // A text shows anything; so does what was registered before first types were.
  for (const first of [2, 3, 8])
    assert.deepEqual(columns(property('v', 15, 0, first)), [
      { column: 'v', expression: text, present: undefined },
    ]);
});

test('a text that says a time has a column of times beside it, whatever else the property was', () => {
  const named = (...properties: Property[]) => columns(...properties).map(({ column }) => column);
  assert.deepEqual(named(property('v', 18)), ['v', 'v__time']);
  assert.deepEqual(named(property('v', 19, 0, 1)), ['v', 'v__text', 'v__time']);
  assert.deepEqual(named(property('v', 31, 0, 18)), ['v', 'v__time']);
  assert.equal(columns(property('v', 18))[0]!.expression, 'p.`v`.:String');
  assert.deepEqual(named(property('A b', 2, 1), property('a-b', 18, 2)), ['a_b', 'a_b__time']);
});

test('of names that share a column the one registered first gives the type, whatever record is older', () => {
  const late = property('A b', 2, 1, 2, 9);
  const [own, beside] = columns(late, property('a-b', 1, 5, 1, 7));
  assert.match(
    own!.expression,
    /^multiIf\(isNotNull\(p\.`A b`\), coalesce\(.*isNotNull\(p\.`a-b`\), .*NULL\)$/,
  );
  assert.equal(own!.present, '(isNotNull(p.`A b`) OR isNotNull(p.`a-b`))');
  assert.equal(beside!.column, 'a_b__text');
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
  const expression = 'coalesce(p.`a-b`.:String, p.`A b`.:String)';
  const expected = [{ column: 'a_b', expression, present: undefined }];
  assert.deepEqual(columns(a, b), expected);
  assert.deepEqual(columns(b, a), expected);
});

test('propertyColumns() quotes any name and passes over those that cannot be addressed', () => {
  assert.deepEqual(
    columns(property('a`b\\c', 2), property('', 2), property('x.:`String`', 2)).map(
      ({ expression }) => expression,
    ),
    ['p.`a\\`b\\\\c`.:String'],
  );
});
