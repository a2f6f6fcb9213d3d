import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';
import type { PlacedOutput } from './fold-chunk.ts';
import { requestsOf } from './produce-requests.ts';

const MEGABYTE = 1024 * 1024;

function anOutput(topic: PlacedOutput['topic'], bytes: number): PlacedOutput {
  return { topic, key: Buffer.alloc(8), value: Buffer.alloc(bytes), timestampMs: 0 };
}

test('requestsOf() makes one request of what fits', () => {
  const outputs = [
    anOutput('events.identified', 10),
    anOutput('identity.migrations', 10),
    anOutput('events.identified', 10),
  ];
  const requests = requestsOf(outputs, 1, 3).map((parts) =>
    parts.map(({ topic, messages }) => [topic, messages.length]),
  );
  assert.deepEqual(requests, [
    [
      ['events.identified.g3', 2],
      ['identity.migrations.g3', 1],
    ],
  ]);
});

test('requestsOf() keeps every batch below the largest, every record, and the order within a topic', () => {
  const output = fc.record({
    topic: fc.constantFrom<PlacedOutput['topic']>('events.identified', 'sessions'),
    bytes: fc.integer({ min: 0, max: MEGABYTE }),
  });
  fc.assert(
    fc.property(fc.array(output, { maxLength: 60 }), (sizes) => {
      const outputs = sizes.map(({ topic, bytes }) => anOutput(topic, bytes));
      const requests = requestsOf(outputs, 0, 1);
      for (const name of ['events.identified', 'sessions'] as const) {
        const parts = requests.map((request) => request.filter(({ topic }) => topic === `${name}.g1`));
        assert.ok(parts.every((part) => part.length <= 1));
        const sent = parts.flat().flatMap(({ messages }) => messages.map(({ value }) => value));
        assert.deepEqual(
          sent,
          outputs.filter(({ topic }) => topic === name).map(({ value }) => value),
        );
      }
      for (const { messages } of requests.flat()) {
        assert.ok(messages.reduce((sum, { value }) => sum + value.length, 0) < MAX_BATCH_BYTES);
      }
    }),
    { numRuns: 30 },
  );
});
