import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecord } from '#lib/kafka/readable-record.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { recordKey, sessionKey } from '#schemas/ids.ts';
import { recordLine } from './record-text.ts';

const message = {
  key: recordKey(1, 123),
  value: collectedCodec.encode({
    user_id: 123,
    kind: 'event',
    environment: 1,
    device_id: 123,
    time: Date.UTC(2026, 2, 1),
    name: 'Signup',
    idempotency: Buffer.from('ab', 'hex'),
    properties: '{"plan":"pro","__proto__":1}',
  }),
  offset: '7',
  timestamp: String(Date.UTC(2026, 2, 1)),
  headers: { origin_partition: Buffer.from('2') },
};

test('readRecord() decodes by schema id and leaves defaults out', () => {
  const record = readRecord('events.collected', 3, message);
  assert.equal(JSON.stringify(record.value?.['properties']), '{"plan":"pro","__proto__":1}');
  assert.deepEqual(
    { ...record, value: { ...record.value, properties: 0 } },
    {
      topic: 'events.collected',
      partition: 3,
      offset: 7,
      timestamp: '2026-03-01T00:00:00.000Z',
      key: { environment: 1, id: 123 },
      headers: { origin_partition: '2' },
      schema: 'Collected',
      value: {
        user_id: 123,
        kind: 'event',
        environment: 1,
        device_id: 123,
        time: '2026-03-01T00:00:00.000Z',
        source: 'server',
        name: 'Signup',
        idempotency: 'ab',
        properties: 0,
      },
    },
  );
});

test('readRecord() shows the bytes of what does not decode, and why', () => {
  const record = readRecord('events.collected', 0, { ...message, value: Buffer.from([1, 2]) });
  assert.deepEqual(record.value, { hex: '0102' });
  assert.match(record.error ?? '', /want a zero byte/);
  assert.match(recordLine(record), /cannot be read/);
});

test('readRecord() reads session keys and tombstones', () => {
  const read = (openedAtMs: number) =>
    readRecord('sessions.g1', 0, { ...message, key: sessionKey(1, 123, 9, openedAtMs), value: null });
  const record = read(0);
  assert.deepEqual(record.key, { environment: 1, id: 123, session_id: 9 });
  assert.deepEqual(read(1000).key, { environment: 1, id: 123, session_id: 9, opened_at: 1000 });
  assert.equal(record.value, null);
  assert.equal(recordLine(record), '00:00:00.000 0@7 (tombstone)');
});

test('recordLine() puts place, kind and name first', () => {
  assert.match(recordLine(readRecord('t', 3, message)), /^00:00:00\.000 3@7 event Signup user_id=123 /);
});
