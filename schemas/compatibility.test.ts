import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { incompatibilities } from './compatibility.ts';
import { generateTypes } from './generate-types.ts';
import { PUBLISHED, type PublishedSchema, schemas } from './registry.ts';

/** A golden record: the bytes that were written once, and what they say. Every later version must read them. */
type Golden = { schema: string; bytes: string; json: string };

const golden: readonly Golden[] = JSON.parse(
  readFileSync(new URL('golden/records.json', import.meta.url), 'utf8'),
);

function schemaOf({ schema }: Golden): PublishedSchema {
  const entry = PUBLISHED.find(({ file }) => file === schema);
  return schemas.find(({ id }) => id === entry?.id) as PublishedSchema;
}

test('every published version has a golden record', () => {
  assert.deepEqual(
    [...new Set(golden.map(({ schema }) => schema))],
    PUBLISHED.map(({ file }) => file),
  );
});

test('golden records are written and read as they were', () => {
  for (const record of golden) {
    const { id, type } = schemaOf(record);
    const framed = Buffer.from(record.bytes, 'hex');
    assert.equal(framed.readUInt32BE(1), id, record.schema);
    assert.equal(type.toString(type.fromBuffer(framed.subarray(5))), record.json, record.schema);
    assert.equal(
      type.toBuffer(type.fromString(record.json)).toString('hex'),
      framed.subarray(5).toString('hex'),
      record.schema,
    );
  }
});

test('every version reads the golden records of every other version of its name', () => {
  for (const record of golden) {
    const writer = schemaOf(record);
    for (const reader of schemas.filter(({ name }) => name === writer.name)) {
      const resolver = reader.type.createResolver(writer.type);
      assert.ok(
        reader.type.fromBuffer(Buffer.from(record.bytes, 'hex').subarray(5), resolver),
        `${record.schema} by ${reader.id}`,
      );
    }
  }
});

test('every version is FULL_TRANSITIVE compatible with all before it', () => {
  for (const [index, newer] of schemas.entries()) {
    for (const older of schemas.slice(0, index + 1).filter(({ name }) => name === newer.name)) {
      assert.deepEqual(incompatibilities(older.json, newer.json), []);
    }
  }
});

test('incompatibilities() finds each kind of breaking change', () => {
  const field = (name: string, type = 'long') => ({ name, type, default: 0 });
  const record = (...fields: object[]) => ({ type: 'record', name: 'R', fields }) as never;
  const before = record(field('a'), field('b'));
  assert.deepEqual(incompatibilities(before, record(field('a'), field('b'), field('c'))), []);
  for (const broken of [
    record(field('a')),
    record(field('b'), field('a')),
    record(field('x'), field('a'), field('b')),
    record(field('a'), field('b', 'int')),
    record(field('a'), field('b'), { name: 'c', type: 'long' }),
  ]) {
    assert.notDeepEqual(incompatibilities(before, broken), []);
  }
});

test('types.ts is what the schemas say', () => {
  const comparable = (text: string) => text.replace(/\s+/g, ' ');
  assert.equal(
    comparable(readFileSync(new URL('types.ts', import.meta.url), 'utf8')),
    comparable(generateTypes()),
  );
});
