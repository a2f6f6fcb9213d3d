import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectedCodec } from './codec.ts';
import { isInBackground, readHead, withPrefix } from './collected-head.ts';
import { schemas } from './registry.ts';

const id = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 63, 64, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
);
const collected = fc.record({
  user_id: id,
  session_id: id,
  late: fc.boolean(),
  kind: fc.constantFrom('event', 'tick'),
  environment: fc.integer({ min: 1, max: 2047 }),
  device_id: id,
  event_id: id,
  time: id,
  received_at: id,
  source: fc.constantFrom('web', 'server'),
  type: fc.string(),
  idempotency: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  identity: fc.string({ unit: 'grapheme' }),
  name: fc.string({ unit: 'grapheme' }),
  flags: fc.array(fc.string()),
});

test('readHead() reads what the whole decoder reads', () => {
  fc.assert(
    fc.property(collected, (value) => {
      const { restAt: _, schemaId: __, ...head } = readHead(collectedCodec.encode(value));
      assert.deepEqual(head, {
        userId: value.user_id,
        sessionId: value.session_id,
        late: value.late,
        kind: value.kind,
        environment: value.environment,
        deviceId: value.device_id,
        eventId: value.event_id,
        time: value.time,
        receivedAt: value.received_at,
        source: value.source,
        type: value.type,
        idempotency: value.idempotency,
        identity: value.identity,
      });
    }),
  );
});

test('withPrefix() gives the bytes that encoding the changed record gives', () => {
  fc.assert(
    fc.property(collected, id, id, fc.boolean(), (value, userId, sessionId, late) => {
      const bytes = collectedCodec.encode(value);
      const changed = withPrefix(bytes, readHead(bytes), { userId, sessionId, late });
      const expected = collectedCodec.encode({ ...value, user_id: userId, session_id: sessionId, late });
      assert.equal(changed.toString('hex'), expected.toString('hex'));
    }),
  );
});

test('isInBackground() tells by the end of a record what decoding it tells', () => {
  fc.assert(
    fc.property(
      collected,
      fc.constantFrom('', 'foreground', 'background'),
      fc.constantFrom('{}', '{"a":"background"}', '{"a":"\\u0014background"}'),
      (value, app_visibility, properties) => {
        const bytes = collectedCodec.encode({ ...value, app_visibility, properties });
        assert.equal(isInBackground(bytes, readHead(bytes)), app_visibility === 'background');
      },
    ),
  );
  // Version 1 ends with its properties, which may be any bytes.
  const [first] = schemas;
  const older = first?.type.toBuffer({
    ...collectedCodec.decode(collectedCodec.encode({})),
    properties: '\x14background',
  }) as Buffer;
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), older]);
  assert.equal(isInBackground(framed, readHead(framed)), false);
});

test('readHead() throws DecodeError on any bytes that are not a record, and nothing else', () => {
  const whole = collectedCodec.encode({ kind: 'event', identity: 'someone', idempotency: Buffer.alloc(16) });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 40 }), (cut, noise) => {
      for (const bytes of [Buffer.from(noise), Buffer.concat([whole.subarray(0, cut), Buffer.from(noise)])]) {
        try {
          readHead(bytes);
        } catch (error) {
          assert.equal((error as Error).name, 'DecodeError');
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('readHead() says which schema it met', () => {
  assert.throws(() => readHead(null), { code: 'empty_value' });
  assert.throws(() => readHead(Buffer.from('{"json":true}')), { code: 'not_framed' });
  assert.throws(() => readHead(Buffer.from([0, 0, 0, 0, 99, 1])), { code: 'unknown_schema' });
  assert.throws(() => readHead(Buffer.from([0, 0, 0, 0, 2, 1])), { code: 'wrong_schema' });
});
