import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import {
  accountKeyId,
  canonicalUserId,
  eventIdOfKey,
  foreignAnonymousId,
  gapSessionId,
  idempotencyHash,
  MAX_ENVIRONMENT,
  MAX_ID,
  parseRecordKey,
  parseSessionKey,
  partitionOf,
  recordKey,
  sessionKey,
} from './ids.ts';

// These values are contracts: stored data depends on them for ever.
test('ids keep their golden values', () => {
  assert.deepEqual(
    {
      user: canonicalUserId(1, 'a@b.c'),
      userElsewhere: canonicalUserId(2, 'a@b.c'),
      userInCapitals: canonicalUserId(1, 'A@B.C'),
      account: accountKeyId(1, 'acme'),
      event: eventIdOfKey(1, 'order-1'),
      session: gapSessionId(123, 456),
      idempotency: idempotencyHash('order-1').toString('hex'),
    },
    {
      user: 2202853572388632,
      userElsewhere: 6561716253247779,
      userInCapitals: 8694770047063607,
      account: 5562198505237644,
      event: 5665920139583861,
      session: 6080765970554219,
      idempotency: '0bafe22156d2698c143b86040446d366',
    },
  );
});

test('foreignAnonymousId() agrees with the value published for Segment ids', () => {
  assert.equal(foreignAnonymousId('5a41f0df-b69a-4a99-b656-79506a86c3f8'), 8325872782136936);
});

const environment = fc.integer({ min: 0, max: MAX_ENVIRONMENT });
const id = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, MAX_ID));

test('parseRecordKey() undoes recordKey() for every environment and id', () => {
  fc.assert(
    fc.property(environment, id, (number, value) => {
      assert.deepEqual(parseRecordKey(recordKey(number, value)), { environment: number, id: value });
    }),
  );
});

test('parseSessionKey() undoes sessionKey()', () => {
  fc.assert(
    fc.property(environment, id, id, id, (number, deviceId, sessionId, openedAtMs) => {
      assert.deepEqual(parseSessionKey(sessionKey(number, deviceId, sessionId, openedAtMs)), {
        environment: number,
        deviceId,
        sessionId,
        openedAtMs,
      });
    }),
  );
});

test('sessionKey() keeps its golden bytes, those of rows that do not say when they were opened too', () => {
  const older = '002000000000007b0000000000000009';
  assert.equal(sessionKey(1, 123, 9, 0).toString('hex'), older);
  assert.equal(
    sessionKey(1, 123, 9, 1767225600000).toString('hex'),
    `${older}${(1767225600000).toString(16).padStart(16, '0')}`,
  );
  assert.throws(() => parseSessionKey(Buffer.alloc(17)), RangeError);
});

test('recordKey() keeps its golden bytes', () => {
  assert.equal(recordKey(1, 123).toString('hex'), '002000000000007b');
  assert.equal(recordKey(MAX_ENVIRONMENT, MAX_ID).toString('hex'), 'ffffffffffffffff');
});

test("partitionOf() puts a key where Kafka's default partitioner does", () => {
  const partitioner = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20, minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (bytes, partitions) => {
        const key = Buffer.from(bytes);
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          partitionErrorCode: 0,
          partitionId,
          leader: 1,
          replicas: [],
          isr: [],
        }));
        assert.equal(
          partitionOf(key, partitions),
          partitioner({ topic: 't', partitionMetadata, message: { key, value: null } }),
        );
      },
    ),
  );
});
