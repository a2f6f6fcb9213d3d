import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MappingOptions, RowMapping } from './row-mapping.ts';
import { SUBJECTS } from './subject.ts';

const NONE = { idColumn: 'identity', map: [], only: [], skip: [], types: [], nulls: [] };

const mapping = (options: Partial<MappingOptions> = {}) =>
  new RowMapping({ subject: SUBJECTS['users']!, ...NONE, ...options });

/** What a row becomes, as JSON has it. */
const mapped = (options: Partial<MappingOptions>, values: Record<string, unknown>) =>
  JSON.parse(JSON.stringify(mapping(options).map(values)));

test('a row’s identity is no property unless --map names it', () => {
  const row = { email: 'a@b.c', plan: 'pro' };
  assert.deepEqual(mapped({ idColumn: 'email' }, row), { id: 'a@b.c', properties: { plan: 'pro' } });
  assert.deepEqual(mapped({ idColumn: 'email', map: ['email=email'] }, row), {
    id: 'a@b.c',
    properties: { email: 'a@b.c', plan: 'pro' },
  });
});

test('columns are renamed, picked, left out and typed; absent values are not sent', () => {
  const row = { identity: 'x', a: '1', b: '2', c: 'NULL', d: null, '': 'no name' };
  assert.deepEqual(mapped({ map: ['a=B'], nulls: ['NULL'] }, row).properties, {
    B: '1',
    b: '2',
  });
  assert.deepEqual(mapped({ only: ['b'] }, row).properties, { b: '2' });
  assert.deepEqual(mapped({ skip: ['b', 'c'], types: ['a=number'] }, row).properties, { a: 1 });
  assert.equal(mapped({ types: ['c=number'] }, row).code, 'invalid_number');
  assert.equal(mapped({}, { identity: 'x', a: Number.POSITIVE_INFINITY }).code, 'invalid_number');
  assert.deepEqual(mapped({ nulls: ['-'] }, { identity: '-' }), { properties: {} });
});

test('names of every kind are data', () => {
  const values = JSON.parse('{"identity":"x","__proto__":1,"constructor":2}');
  assert.equal(
    JSON.stringify(mapping().map(values)),
    '{"id":"x","properties":{"__proto__":1,"constructor":2}}',
  );
});

test('options that contradict each other or the file are wrong use', () => {
  const cases: readonly (readonly [Partial<MappingOptions>, readonly string[], RegExp])[] = [
    [{ only: ['a'], skip: ['b'] }, [], /Want --only or --skip/],
    [{ map: ['a'] }, [], /Cannot read --map/],
    [{ map: ['a=x', 'b=x'] }, [], /two columns the name "x"/],
    [{ types: ['a=date'] }, [], /Unknown type "date"/],
    [{}, ['email', 'plan'], /No column "identity": say with --identity COLUMN.*"email", "plan"/],
    [{}, ['identity;plan'], /the columns are "identity;plan"; if cells end otherwise, say --delimiter/],
    [{ skip: ['plna'] }, ['identity', 'plan'], /No column "plna"; did you mean plan\?/],
    [{}, ['identity', 'x', 'x'], /Two columns are named "x"/],
    [{ map: ['a=b'] }, ['identity', 'a', 'b'], /Columns "a" and "b" would both become property "b"/],
    [{}, ['identity', 'ID'], /Column "ID" cannot become property "ID".*--map ID=NAME/],
  ];
  for (const [options, columns, message] of cases)
    assert.throws(() => mapping(options).check(columns), { name: 'UsageError', message });
  assert.deepEqual(mapping({ idColumn: 'id', map: ['a=b'] }).check(['id', 'a', '']), ['a']);
});
