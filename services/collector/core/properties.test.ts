import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_DEPTH, MAX_PROPERTIES_LENGTH, normaliseProperties } from './properties.ts';
import { MAX_TEXT } from './text.ts';

type Case = { name: string; json: string; want: Record<string, unknown>; flags?: string[] };

const long = 'x'.repeat(MAX_TEXT);

const ACCEPTED: Case[] = [
  { name: 'nothing', json: '{}', want: {} },
  { name: "PHP's empty map", json: '[]', want: {} },
  { name: 'null', json: 'null', want: {} },
  {
    name: 'scalars as they are',
    json: '{"s":"a","n":1.5,"b":true,"z":-0}',
    want: { s: 'a', n: 1.5, b: true, z: 0 },
  },
  { name: 'null dropped', json: '{"a":null,"b":1}', want: { b: 1 } },
  { name: 'arrays joined', json: '{"a":[1,"b",true,null,[2,3]]}', want: { a: '1||b||true||2||3' } },
  { name: 'objects in arrays as JSON', json: '{"a":[{"b":1},2]}', want: { a: '{"b":1}||2' } },
  { name: 'an empty array', json: '{"a":[]}', want: { a: '' } },
  { name: 'objects flattened', json: '{"a":{"b":{"c":1},"d":[1,2]}}', want: { 'a.b.c': 1, 'a.d': '1||2' } },
  { name: 'equal names: the last wins', json: '{"a":{"b":1},"a.b":2}', want: { 'a.b': 2 } },
  {
    name: 'prototype names are data',
    json: '{"__proto__":{"polluted":1},"constructor":"c","toString":null,"o":{"__proto__":2}}',
    want: JSON.parse('{"__proto__.polluted":1,"constructor":"c","o.__proto__":2}'),
  },
  { name: 'a flat __proto__ is data', json: '{"__proto__":"p"}', want: JSON.parse('{"__proto__":"p"}') },
  {
    name: 'a flat __proto__ among nested ones',
    json: '{"__proto__":"p","a":[1]}',
    want: JSON.parse('{"__proto__":"p","a":"1"}'),
  },
  { name: 'blank names dropped', json: '{"":1," ":2,"a":3}', want: { a: 3 }, flags: ['key_dropped'] },
  { name: 'the longest name and value', json: `{"${long}":"${long}"}`, want: { [long]: long } },
  { name: 'an over-long name', json: `{"${long}y":1}`, want: { [long]: 1 }, flags: ['key_truncated'] },
  { name: 'an over-long value', json: `{"a":"${long}y"}`, want: { a: long }, flags: ['value_truncated'] },
  {
    name: 'an over-long joined value',
    json: `{"a":["${long}","y"]}`,
    want: { a: long },
    flags: ['value_truncated'],
  },
  {
    name: 'a code point on the limit',
    json: `{"a":"${'x'.repeat(MAX_TEXT - 1)}😀"}`,
    want: { a: 'x'.repeat(MAX_TEXT - 1) },
    flags: ['value_truncated'],
  },
  {
    name: 'lone surrogates',
    json: '{"a\\ud800":"\\udc00"}',
    want: { 'a\ufffd': '\ufffd' },
    flags: ['surrogate_replaced'],
  },
];

for (const { name, json, want, flags: wantFlags = [] } of ACCEPTED) {
  test(`normaliseProperties() takes ${name}`, () => {
    const flags: string[] = [];
    const result = normaliseProperties(JSON.parse(json), flags);
    assert.ok('json' in result);
    assert.deepEqual({ properties: JSON.parse(result.json), flags }, { properties: want, flags: wantFlags });
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });
}

function nested(depth: number, open: string, close: string): string {
  return `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
}

const REFUSED: [name: string, json: string, code: string][] = [
  ['text', '"a"', 'invalid_properties'],
  ['a number', '1', 'invalid_properties'],
  ['a list', '[1]', 'invalid_properties'],
  ['a number out of range', '{"a":1e400}', 'invalid_property'],
  ['objects too deep', nested(MAX_DEPTH, '{"a":', '}'), 'properties_too_deep'],
  ['arrays too deep', nested(100_000, '[', ']'), 'properties_too_deep'],
  ['an object too deep inside an array', `{"a":[${nested(MAX_DEPTH, '{"a":', '}')}]}`, 'properties_too_deep'],
  [
    'names that multiply when flattened',
    `{"${long}":{${Array.from({ length: 1000 }, (_, index) => `"${index}":1`).join()}}}`,
    'properties_too_large',
  ],
  [
    'too much that is flat',
    JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [index, long]))),
    'properties_too_large',
  ],
];

for (const [name, json, code] of REFUSED) {
  test(`normaliseProperties() refuses ${name}`, () => {
    const result = normaliseProperties(JSON.parse(json), []);
    assert.equal('code' in result && result.code, code);
  });
}

test('normaliseProperties() flattens as deep as it says', () => {
  const result = normaliseProperties(JSON.parse(nested(MAX_DEPTH - 1, '{"a":', '}')), []);
  assert.ok('json' in result);
  assert.deepEqual(JSON.parse(result.json), { [Array(MAX_DEPTH).fill('a').join('.')]: 1 });
});

const anyString = fc.string({ unit: 'binary', maxLength: 8 });
const anyProperties = fc.dictionary(
  fc.oneof(anyString, fc.constantFrom('__proto__', 'constructor', 'a', 'a.b', '1', long + long)),
  fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }),
);

test('normaliseProperties() of any JSON is flat, bounded and stays as it is when repeated', () => {
  fc.assert(
    fc.property(anyProperties, (properties) => {
      const result = normaliseProperties(JSON.parse(JSON.stringify(properties)), []);
      if ('code' in result) return;
      assert.ok(result.json.length <= MAX_PROPERTIES_LENGTH);
      assert.equal(JSON.stringify(result.flat), result.json);
      const flat: Record<string, unknown> = JSON.parse(result.json);
      for (const name of Object.keys(flat)) {
        assert.ok(name.length <= MAX_TEXT && name.isWellFormed() && name.trim() !== '');
        const value = flat[name];
        assert.ok(['string', 'number', 'boolean'].includes(typeof value));
        if (typeof value === 'string') assert.ok(value.length <= MAX_TEXT && value.isWellFormed());
      }
      const flags: string[] = [];
      assert.deepEqual(normaliseProperties(flat, flags), { json: result.json, flat });
      assert.deepEqual(flags, []);
    }),
  );
});

test('normaliseProperties() never throws on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const result = normaliseProperties(value, []);
      assert.ok('json' in result || 'code' in result);
    }),
  );
});
