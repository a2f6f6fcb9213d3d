import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError } from '#schemas/framing.ts';
import { readProperties } from './properties.ts';
import { PROPERTY_TYPES } from './property-columns.ts';

const read = (json: string) => {
  const { entries, replacement } = readProperties(Buffer.from(json));
  return { entries, text: replacement?.toString() };
};
const { number, string, boolean, other, time } = PROPERTY_TYPES;

test('readProperties() gives names and types, and keeps a text that can be stored', () => {
  assert.deepEqual(read('{"a":1,"b":"x","c":true,"d":null,"__proto__":2,"e":"2026-01-01"}'), {
    entries: [
      ['a', number],
      ['b', string],
      ['c', boolean],
      ['__proto__', number],
      ['e', string | time],
    ],
    text: undefined,
  });
});

test('readProperties() rewrites what ClickHouse would refuse the row for', () => {
  assert.equal(
    read('{"a":18446744073709552000,"b":-9223372036854775809,"c":1}').text,
    '{"a":1.8446744073709552e+19,"b":-9.223372036854776e+18,"c":1}',
  );
  assert.equal(read('{"a":"\\ud800","\\udc00":"b"}').text, '{"a":"\ufffd","\ufffd":"b"}');
  assert.equal(read('{"a":1e999}').text, '{"a":1.7976931348623157e308}');
});

test('readProperties() keeps what is not flat', () => {
  assert.deepEqual(read('{"a":{"b":[1,"\\ud800",null]}}'), {
    entries: [['a', other]],
    text: '{"a":{"b":[1,"\ufffd",null]}}',
  });
});

test('readProperties() refuses what is no object', () => {
  for (const json of ['', '[1]', 'null', '1', '{"a":']) assert.throws(() => read(json), DecodeError, json);
});
