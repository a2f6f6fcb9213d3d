import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimalValue, PARQUET_PARSERS, plainValue } from './parquet-value.ts';

test('decimals keep their digits: as a number where it can, else as text', () => {
  assert.equal(decimalValue(3, 1), 0.3);
  assert.equal(decimalValue(-1234n, 2), -12.34);
  assert.equal(decimalValue(5, 0), 5);
  assert.equal(decimalValue(7, 3), 0.007);
  assert.equal(decimalValue(1234567890123456789n, 2), '12345678901234567.89');
  assert.equal(decimalValue(Uint8Array.from([0xff, 0x85]), 1), -12.3);
  assert.equal(decimalValue(null, 2), undefined);
});

test('times become ISO 8601 text with the digits they have', () => {
  const { timestampFromMilliseconds, timestampFromMicroseconds, timestampFromNanoseconds, dateFromDays } =
    PARQUET_PARSERS;
  assert.equal(timestampFromMilliseconds?.(1_709_209_800_000n), '2024-02-29T12:30:00.000Z');
  assert.equal(timestampFromMicroseconds?.(1_709_209_800_123_456n), '2024-02-29T12:30:00.123456Z');
  assert.equal(timestampFromNanoseconds?.(-1n), '1969-12-31T23:59:59.999999999Z');
  assert.equal(dateFromDays?.(-1), '1969-12-31');
});

test('values become what JSON has', () => {
  assert.equal(plainValue(2n ** 53n - 1n), 9007199254740991);
  assert.equal(plainValue(2n ** 53n), '9007199254740992');
  assert.equal(plainValue(new TextEncoder().encode('Zoë')), 'Zoë');
  assert.equal(plainValue(Uint8Array.from([0xff, 0x00])), '/wA=');
  assert.equal(plainValue(Number.NaN), undefined);
  assert.equal(
    JSON.stringify(plainValue({ a: [1n, new Date(0)], b: { c: 2n ** 60n } })),
    '{"a":[1,"1970-01-01T00:00:00.000Z"],"b":{"c":"1152921504606846976"}}',
  );
});
