import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LiveFilter, type LiveRecord, passes } from './live-filter.ts';

const RECORD: LiveRecord = {
  id: 'events.collected 0@7',
  at: '2026-03-01T00:00:00.000Z',
  environment: 1,
  partition: 0,
  offset: 7,
  kind: 'event',
  name: 'Add to Cart',
  source: 'web',
  deviceId: 123,
  identity: 'ann@example.com',
  fields: { properties: { sku: 'Blue-7' } },
};
const REJECTED: LiveRecord = {
  ...RECORD,
  rejected: { stage: 'loader', code: 'corrupt', message: 'm', place: 'p' },
};
const ANY: LiveFilter = { name: '', user: '', text: '', show: 'all' };

test('passes() looks for names, users and any text, whatever the case', () => {
  const wanted: readonly (readonly [Partial<LiveFilter>, boolean])[] = [
    [{}, true],
    [{ name: 'add to' }, true],
    [{ name: 'purchase' }, false],
    [{ user: '123' }, true],
    [{ user: '12' }, false],
    [{ user: 'ANN@' }, true],
    [{ text: 'blue-7' }, true],
    [{ text: 'green' }, false],
    [{ name: 'cart', user: '124' }, false],
  ];
  for (const [filter, expected] of wanted)
    assert.equal(passes(RECORD, { ...ANY, ...filter }), expected, JSON.stringify(filter));
});

test('passes() tells what was rejected from what was taken', () => {
  assert.deepEqual(
    (['all', 'taken', 'rejected'] as const).map((show) => [
      passes(RECORD, { ...ANY, show }),
      passes(REJECTED, { ...ANY, show }),
    ]),
    [
      [true, true],
      [true, false],
      [false, true],
    ],
  );
  assert.equal(passes(REJECTED, { ...ANY, text: 'corrupt' }), true);
});
