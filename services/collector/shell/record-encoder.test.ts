import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { aRecord } from '../core/testing.ts';
import { newTick } from '../core/tick.ts';
import { createRecordEncoder, tickRecord } from './record-encoder.ts';

test('the encoder writes what the codec writes, whatever the size', () => {
  const encode = createRecordEncoder(4);
  const inputs = [0, 10, 3000, 70_000, 600_000, 10].map((length, index) =>
    aRecord({ device_id: index, name: 'event', properties: 'ä'.repeat(length), flags: ['time_clamped'] }),
  );
  const encoded = inputs.map(encode);
  for (const [index, input] of inputs.entries()) {
    const key = recordKey(1, index);
    assert.deepEqual(encoded[index], {
      key,
      value: collectedCodec.encode(input),
      partition: partitionOf(key, 4),
      timestamp: String(input.received_at),
    });
  }
});

test('a tick goes to the partition it is for, under the key of nobody', () => {
  const tick = newTick(5, 1000);
  assert.deepEqual(tickRecord(createRecordEncoder(4), tick, 3), {
    key: Buffer.alloc(8),
    value: collectedCodec.encode({ kind: 'tick', event_id: 5, time: 1000, received_at: 1000 }),
    partition: 3,
    timestamp: '1000',
  });
});
