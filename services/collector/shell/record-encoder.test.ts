import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { type Accepted, accept } from '../core/accept.ts';
import { MAX_URL } from '../core/page.ts';
import { MAX_PROPERTIES_LENGTH } from '../core/properties.ts';
import { aRecord, someCircumstances } from '../core/testing.ts';
import { MAX_TEXT } from '../core/text.ts';
import { newTick } from '../core/tick.ts';
import { MAX_BATCH_BYTES } from './batch-queue.ts';
import { createRecordEncoder, tickRecord } from './record-encoder.ts';

test('the encoder writes what the codec writes, whatever the size', () => {
  const encode = createRecordEncoder(() => 4);
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
  assert.deepEqual(
    tickRecord(
      createRecordEncoder(() => 4),
      tick,
      3,
    ),
    {
      key: Buffer.alloc(8),
      value: collectedCodec.encode({ kind: 'tick', event_id: 5, time: 1000, received_at: 1000 }),
      partition: 3,
      timestamp: '1000',
    },
  );
});

test('the largest record that is accepted fits into a batch', () => {
  const text = '\u20ac'.repeat(MAX_TEXT);
  const url = '\u20ac'.repeat(MAX_URL);
  const properties: Record<string, string> = {};
  for (let length = 0; length + MAX_TEXT + 10 < MAX_PROPERTIES_LENGTH; length += MAX_TEXT + 10)
    properties[length] = text;
  const body = {
    app_id: '11',
    user_id: 1,
    identity: 'x'.repeat(255),
    device: { platform: text, model: text, type: text, browser: text, carrier: text },
    app: { name: text, version: text },
    events: [
      {
        type: 'custom',
        name: text,
        page: {
          domain: text,
          path: url,
          query: url,
          hash: url,
          title: text,
          referrer: url,
          previous_page: url,
        },
        target: { tag: text, id: text, class: text, text, href: url, hierarchy: url },
        properties,
      },
    ],
  };
  const { accepted } = accept('/v1/capture', body, someCircumstances()) as Accepted;
  const { value } = createRecordEncoder(() => 1)(accepted[0]!);
  assert.ok(value.length > 0.75 * MAX_BATCH_BYTES && value.length < MAX_BATCH_BYTES, `${value.length} bytes`);
});
