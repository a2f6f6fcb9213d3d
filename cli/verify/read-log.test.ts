import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetter } from '../dead-letters/letter.ts';
import { refusalsOf } from './read-log.ts';

function aLetter(offset: number, fields: Partial<DeadLetter>): DeadLetter {
  return {
    id: `1:${offset}`,
    receivedAtMs: 0,
    stage: 'loader',
    generation: 2,
    code: 'bad_properties',
    message: '',
    topic: 'events.sessionized.g2',
    partition: 1,
    offset,
    kind: 'event',
    key: Buffer.from([offset]),
    size: 0,
    origin: { topic: 'events.collected', partition: 1, offset: BigInt(offset) },
    retryOf: undefined,
    retried: undefined,
    ...fields,
  };
}

test('refusalsOf() counts no letter that was put back, and none of another generation', () => {
  const { later, atMerger, retried } = refusalsOf(
    [
      aLetter(1, {}),
      aLetter(2, { retried: { as: 'events.sessionized.g2-1@9', atMs: 0 } }),
      aLetter(3, { generation: 1 }),
      aLetter(4, { stage: 'identity-merger' }),
    ],
    2,
  );
  assert.deepEqual(
    later.map(({ originOffset }) => originOffset),
    [1n],
  );
  assert.deepEqual([...(atMerger.get(1) ?? [])], [4]);
  assert.equal(retried, 1);
});
