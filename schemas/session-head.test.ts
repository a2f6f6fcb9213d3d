import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sessionCodec } from './codec.ts';
import { MAX_ENVIRONMENT, MAX_ID } from './ids.ts';
import { readSessionHead, withSessionHead } from './session-head.ts';
import type { Session } from './types.ts';

const id = fc.integer({ min: 0, max: MAX_ID });
const session: fc.Arbitrary<Partial<Session>> = fc.record({
  environment: fc.integer({ min: 1, max: MAX_ENVIRONMENT }),
  device_id: id,
  session_id: id,
  user_id: id,
  merged_into: id,
  absorbed: fc.array(id, { maxLength: 200 }),
  gap: fc.boolean(),
  late: fc.boolean(),
  event_id: id,
  started_at: id,
  ended_at: id,
  updated_at: id,
  event_count: id,
  pageview_count: id,
  first_pageview_at: id,
  first_pageview_event_id: id,
  library: fc.constantFrom('web', 'ios', 'android', 'größer'),
  city: fc.string(),
  landing_page: fc.string({ maxLength: 3000 }),
  utm_content: fc.string(),
  opened_at: id,
  extended_at: id,
  absorbed_opened_at: fc.array(id, { maxLength: 200 }),
});

test('a head is what the codec decodes, and with the rest of its row the bytes that the codec encodes', () => {
  fc.assert(
    fc.property(session, (fields) => {
      const row = sessionCodec.encode(fields);
      const { head, description } = readSessionHead(row);
      const { ...decoded } = sessionCodec.decode(row);
      assert.deepEqual({ ...decoded, ...head }, decoded);
      assert.deepEqual(withSessionHead(head, description), row);
    }),
  );
});
