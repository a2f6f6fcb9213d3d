import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amendGeneration } from './amend-generation.ts';
import { unknownGeneration } from './unknown-generation.ts';

const BUILDING = { ...unknownGeneration(3), created_at: 1, log_revision: 2, log_partitions: 8 };

test('a replay that stood still does not close a log that another one has opened', () => {
  const written = { ...BUILDING, verified_at: 2, log_sealed_at: 3, log_opened_at: 4 };
  assert.deepEqual(amendGeneration(written, { ...BUILDING, verified_at: 5 }), { ...written, verified_at: 5 });
  assert.deepEqual(amendGeneration(written, { ...BUILDING, verified_at: 5, log_sealed_at: 6 }), {
    ...written,
    verified_at: 5,
    log_sealed_at: 6,
  });
});

test('a generation that was dropped meanwhile does not come back', () => {
  assert.throws(() => amendGeneration({ ...BUILDING, dropped_at: 9 }, { ...BUILDING, verified_at: 5 }), {
    name: 'CommandError',
    message: 'Cannot go on with generation 3: it was dropped meanwhile',
  });
});
