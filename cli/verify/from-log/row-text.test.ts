import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PART_SEPARATOR, PROPERTY_SEPARATOR, ROW_FIELDS } from '#queries/stored-rows.ts';
import { collectedCodec } from '#schemas/codec.ts';
import type { Collected } from '#schemas/types.ts';
import { rowText, rowValues } from './row-text.ts';

function textOf(column: string, fields: Partial<Collected>): string | undefined {
  const values = rowValues('events', collectedCodec.decode(collectedCodec.encode(fields)));
  return values[ROW_FIELDS.events.findIndex(({ name }) => name === column)];
}

const properties = (json: string) =>
  textOf('properties', { properties: json })
    ?.split(PROPERTY_SEPARATOR)
    .map((property) => property.split(PART_SEPARATOR));

test('rowValues() writes properties by path, with type and value, whatever their order', () => {
  assert.deepEqual(properties('{"b":1,"a.b":true,"a":"x/y\\n","Z":-1e-7}'), [
    ['Z', 'Float64', '-1e-7'],
    ['a', 'String', 'x/y\n'],
    ['a.b', 'Bool', 'true'],
    ['b', 'Int64', '1'],
  ]);
  assert.equal(textOf('properties', { properties: '{}' }), '');
  assert.equal(textOf('properties', { properties: '{"a":null}' }), '');
});

test('rowValues() writes numbers as ClickHouse does', () => {
  assert.deepEqual(
    properties('{"a":9007199254740991,"b":1e300,"c":0.1,"d":1e20,"e":"1"}')?.map(([, type, text]) => [
      type,
      text,
    ]),
    [
      ['Int64', '9007199254740991'],
      ['Float64', '1e300'],
      ['Float64', '0.1'],
      ['Float64', '100000000000000000000'],
      ['String', '1'],
    ],
  );
});

test('rowValues() sorts names by their UTF-8 bytes and mends half characters', () => {
  assert.deepEqual(
    properties('{"😀":1,"\uffee":2,"x":"\\ud800"}')?.map(([name, , text]) => [name, text]),
    [
      ['x', '\ufffd'],
      ['\uffee', '2'],
      ['😀', '1'],
    ],
  );
});

test('rowValues() has the table of the event, times as numbers and flags as 0 or 1', () => {
  assert.equal(textOf('event_table_name', { name: 'pageview', type: 'view page' }), 'pageviews');
  assert.equal(textOf('time', { time: 1 }), '1');
  assert.equal(textOf('is_bot', { is_bot: true }), '1');
  assert.equal(textOf('flags', { flags: ['a', 'b'] }), 'a,b');
  assert.match(rowText(7, ['a', 'b']), /^7.a.b$/);
});
