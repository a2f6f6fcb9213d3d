import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { DecodeError, FRAME_BYTES } from '#schemas/framing.ts';
import { latestSchema, type PublishedSchema, schemaById } from '#schemas/registry.ts';
import { columnType, fieldsOf, STORED_TABLES, type StoredTable } from './columns.ts';
import { RowBlock } from './row-block.ts';
import { kindOf, Transcriber } from './transcode.ts';

const GOLDEN: readonly { schema: string; bytes: string }[] = JSON.parse(
  readFileSync(new URL('../../../schemas/golden/records.json', import.meta.url), 'utf8'),
);

/** RowBinary of a decoded record, the slow and obvious way. */
function encodeRow(table: StoredTable, record: Record<string, unknown>): Buffer {
  const string = (text: string) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([leb128(bytes.length), bytes]);
  };
  const uint64 = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const fields = fieldsOf(latestSchema(table.schema).json).filter(({ name }) => table.fields.includes(name));
  return Buffer.concat(
    fields.map((field) => {
      const value = record[field.name];
      if (Array.isArray(value)) {
        const items = value.map((item) => (typeof item === 'string' ? string(item) : uint64(item)));
        return Buffer.concat([leb128(value.length), ...items]);
      }
      if (typeof value === 'string') return string(value);
      if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0]);
      const bytes = uint64(value as number);
      return columnType(field) === 'UInt16' ? bytes.subarray(0, 2) : bytes;
    }),
  );
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(rest >= 128 ? (rest % 128) | 0x80 : rest);
    rest = Math.floor(rest / 128);
  } while (rest > 0 || (bytes.at(-1) ?? 0) >= 0x80);
  return Buffer.from(bytes);
}

/** Any value a field can hold. */
function arbitraryOf(name: string, type: string): fc.Arbitrary<unknown> {
  if (name === 'idempotency') return fc.constant(Buffer.alloc(0));
  if (name === 'properties')
    return fc.dictionary(fc.string(), fc.string()).map((value) => JSON.stringify(value));
  if (type === 'UInt64') return fc.oneof(fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER), fc.nat(300));
  if (type === 'UInt16') return fc.nat(65_535);
  if (type === 'Bool') return fc.boolean();
  if (type.startsWith('DateTime64')) return fc.nat({ max: 10_413_791_999_999 });
  if (type === 'Array(UInt64)') return fc.array(fc.maxSafeNat());
  if (type.startsWith('Array')) return fc.array(fc.string());
  return fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.constant(''),
    fc.constant('x'.repeat(20_000)),
  );
}

const anyRecord = (schema: 'Collected' | 'Session') =>
  fc.record(
    Object.fromEntries(
      fieldsOf(latestSchema(schema).json).map((field) => [
        field.name,
        arbitraryOf(field.name, columnType(field)),
      ]),
    ),
  );

for (const [table, codec] of [
  [STORED_TABLES.events, collectedCodec],
  [STORED_TABLES.user_properties, collectedCodec],
  [STORED_TABLES.account_properties, collectedCodec],
  [STORED_TABLES.sessions, sessionCodec],
] as const) {
  test(`transcribe() gives ${table.table} the row of decode, then encode`, () => {
    const transcriber = new Transcriber(table);
    fc.assert(
      fc.property(anyRecord(table.schema), (record) => {
        const value = codec.encode(record as never);
        const block = new RowBlock(16);
        transcriber.transcribe(value, FRAME_BYTES, block);
        block.endRow();
        assert.deepEqual(block.content(), encodeRow(table, codec.decode(value) as Record<string, unknown>));
      }),
      { numRuns: 200 },
    );
  });
}

for (const { schema, bytes } of GOLDEN.filter(({ schema: file }) => /^(collected|session)\./.test(file))) {
  test(`transcribe() gives a record of ${schema} the row it has in the newest version: ${bytes.slice(0, 24)}`, () => {
    const value = Buffer.from(bytes, 'hex');
    const writer = schemaById(value.readUInt32BE(1)) as PublishedSchema;
    const isSession = schema.startsWith('session');
    const table: StoredTable = isSession ? STORED_TABLES.sessions : STORED_TABLES.events;
    const block = new RowBlock(16);
    new Transcriber(table, writer).transcribe(value, FRAME_BYTES, block);
    const decoded = (isSession ? sessionCodec : collectedCodec).decode(value);
    assert.deepEqual(block.content(), encodeRow(table, decoded as Record<string, unknown>));
  });
}

test('transcribe() takes an array in several blocks, one with its size', () => {
  // Session with absorbed = [1, 2, 3]: Avro lets a writer cut an array, and give a block's size in bytes.
  const whole = sessionCodec.encode({ absorbed: [1, 2, 3] });
  const at = FRAME_BYTES + 5;
  assert.deepEqual([...whole.subarray(at, at + 5)], [6, 2, 4, 6, 0]);
  const cut = Buffer.concat([
    whole.subarray(0, at),
    Buffer.from([3, 4, 2, 4, 2, 6, 0]),
    whole.subarray(at + 5),
  ]);
  const rows = [whole, cut].map((value) => {
    const block = new RowBlock();
    new Transcriber(STORED_TABLES.sessions).transcribe(value, FRAME_BYTES, block);
    return block.content();
  });
  assert.deepEqual(rows[1], rows[0]);
});

test('transcribe() refuses a record that is cut short or too long, at any place', () => {
  const value = collectedCodec.encode({ name: 'a', flags: ['x'], properties: '{"a":1}', time: 1e12 });
  const transcriber = new Transcriber(STORED_TABLES.events);
  for (let length = FRAME_BYTES; length < value.length; length += 1) {
    assert.throws(
      () => transcriber.transcribe(value.subarray(0, length), FRAME_BYTES, new RowBlock()),
      DecodeError,
    );
  }
  const longer = Buffer.concat([value, Buffer.from([0])]);
  assert.throws(() => transcriber.transcribe(longer, FRAME_BYTES, new RowBlock()), /left over/);
});

test('transcribe() refuses what a column cannot hold', () => {
  const transcriber = new Transcriber(STORED_TABLES.events);
  const transcribe = (record: Parameters<typeof collectedCodec.encode>[0]) => () =>
    transcriber.transcribe(collectedCodec.encode(record), FRAME_BYTES, new RowBlock());
  assert.throws(transcribe({ time: 10_413_792_000_000 }), /after the year 2299/);
  assert.throws(transcribe({ environment: 65_536 }), /above 65535/);
});

test('transcribe() survives any bytes', () => {
  const transcriber = new Transcriber(STORED_TABLES.events);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        transcriber.transcribe(Buffer.from(bytes), 0, new RowBlock());
      } catch (error) {
        assert.ok(error instanceof DecodeError);
      }
    }),
  );
});

test('kindOf() reads the kind behind a prefix of any length', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.nat(300),
      fc.constantFrom('event', 'user_properties', 'account_properties', 'tick'),
      (user_id, session_id, kind) => {
        assert.equal(kindOf(collectedCodec.encode({ user_id, session_id, kind })), kind);
      },
    ),
  );
});
