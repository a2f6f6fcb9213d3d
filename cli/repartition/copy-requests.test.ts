import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';
import { copyRequests, tickMessage } from './copy-requests.ts';
import { SEALED_BATCH_BYTES } from './seal-log.ts';

const record = (partition: number, bytes: number) => ({
  partition,
  offset: 0n,
  key: recordKey(1, 1),
  value: Buffer.alloc(bytes),
  timestampMs: 5,
  headers: { retry_of: Buffer.from('0:1') },
});

test('copyRequests() keeps bytes, headers and timestamps', () => {
  const [[message] = []] = copyRequests([record(2, 3)]);
  assert.deepEqual(message, {
    key: recordKey(1, 1),
    value: Buffer.alloc(3),
    partition: 2,
    timestamp: '5',
    headers: { retry_of: Buffer.from('0:1') },
  });
});

test('copyRequests() makes no batch that is too large of records that are not, and keeps their order', () => {
  const third = Math.floor(MAX_BATCH_BYTES / 3);
  const requests = copyRequests([record(0, third), record(1, third), record(0, third), record(0, 10)]);
  assert.deepEqual(
    requests.map((messages) => messages.map(({ partition, value }) => [partition, value?.length])),
    [
      [
        [0, third],
        [1, third],
      ],
      [
        [0, third],
        [0, 10],
      ],
    ],
  );
});

test('tickMessage() makes a tick, which no sealed log takes', () => {
  const { key, value, partition, timestamp } = tickMessage(3, 1234);
  const { kind, received_at } = collectedCodec.decode(value);
  assert.deepEqual([kind, received_at, partition, timestamp], ['tick', 1234, 3, '1234']);
  assert.deepEqual(key, recordKey(0, 0));
  // The header of a batch has 61 bytes.
  assert.ok(61 + 8 + collectedCodec.encode({}).length > SEALED_BATCH_BYTES);
});
