import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ODD, shapeOf } from './property-shape.ts';

const shape = (json: string) => shapeOf(Buffer.from(json));

test('shapeOf() depends on keys and types, in order, and not on values', () => {
  assert.equal(shape('{"a":1,"b":"x"}'), shape('{"a":-2.5e3,"b":"a longer \\n text"}'));
  const different = [
    '{}',
    '{"a":1}',
    '{"a":"1"}',
    '{"a":true}',
    '{"b":1}',
    '{"a":1,"b":1}',
    '{"b":1,"a":1}',
    '{"ab":1}',
  ];
  assert.equal(new Set(different.map(shape)).size, different.length);
});

test('a text that says a time is of a type of its own: ISO 8601 with four digits of a year', () => {
  const times = [
    '2026-01-01',
    '2026-01-01T10:00:00Z',
    '2026-01-01 10:00',
    '2026-01-01T10:00:00.123456+02:00',
    '2026-01-01T10:00:00-0500',
    '0001-01-01',
    '2024-12-31T23:59:59.999-23:59',
  ];
  const texts = [
    '',
    '10:00',
    '2026',
    '20260101',
    '2026-01-01x',
    '2026-01-01T',
    '2026-1-1',
    'x2026-01-01',
    '2026-01-01T10:00:00Zulu',
    '0000-00-00',
    '0000-01-01',
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-32',
    '2026-01-01T24:00',
    '2026-01-01T10:60',
    '2026-01-01T10:00:60Z',
    '2026-01-01T10:00:00+99:99',
  ];
  for (const text of times) assert.equal(shape(`{"a":"${text}"}`), shape('{"a":"2020-02-02"}'), text);
  for (const text of texts) assert.equal(shape(`{"a":"${text}"}`), shape('{"a":"x"}'), text);
  assert.notEqual(shape('{"a":"2020-02-02"}'), shape('{"a":"x"}'));
});

test('shapeOf() calls odd what needs a closer look', () => {
  const odd = [
    '',
    '[]',
    'null',
    '{"a":null}',
    '{"a":[1]}',
    '{"a":{"b":1}}',
    '{"a\\n":1}',
    '{"a":"\\ud800"}',
    '{"a":1234567890123456789}',
    '{"a" :1}',
    '{"a":1',
    '{"a":"1',
    '{"a":1}x',
    '{"a":tru}',
    '{"a":-}',
    '{"a":}',
    '{"a":1,}',
  ];
  for (const json of odd) assert.equal(shape(json), ODD, json);
});

test('shapeOf() agrees with JSON.parse on any flat object: same keys and types, same shape', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const key = fc.string({ unit: 'grapheme' }).filter((text) => JSON.stringify(text) === `"${text}"`);
  const object = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 6 });
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(object, (entries) => {
      const json = `{${entries.map(([name, own]) => `${JSON.stringify(name)}:${JSON.stringify(own)}`).join(',')}}`;
      const found = shape(json);
      // JSON.stringify writes integers of up to 21 digits.
      if (found === ODD) return assert.match(json, /\d{19}|\\ud/);
      const types = JSON.stringify(Object.entries(JSON.parse(json)).map(([name, own]) => [name, typeof own]));
      if (Object.keys(JSON.parse(json)).join() !== entries.map(([name]) => name).join()) return;
      assert.equal(seen.get(types) ?? found, found);
      seen.set(types, found);
    }),
  );
});
