import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InputRecord } from '#lib/streams/processor.ts';
import { auditCodec, blockCodec, collectedCodec, migrationCodec } from '#schemas/codec.ts';
import { canonicalUserId, idempotencyHash, recordKey } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { createMerger, type MergerState } from './processor.ts';

const merger = createMerger({ partitions: 4, generation: 1 });
const ENVIRONMENT = 1;
const DAY_MS = 24 * 60 * 60 * 1000;

let nextOffset = 0n;

function aRecord(fields: Partial<Collected>): InputRecord {
  const device = fields.device_id ?? 123;
  const collected = {
    environment: ENVIRONMENT,
    user_id: device,
    device_id: device,
    received_at: 1000,
    ...fields,
  };
  nextOffset += 1n;
  return {
    key: recordKey(collected.environment, device),
    value: collectedCodec.encode(collected),
    timestampMs: collected.received_at,
    origin: { topic: 'events.collected', partition: 2, offset: nextOffset },
  };
}

function run(state: MergerState, fields: Partial<Collected>) {
  const record = aRecord(fields);
  return merger.step(state, record, record.timestampMs);
}

function userIdOf(step: ReturnType<typeof run>): number {
  return collectedCodec.decode(step.outputs[0]?.value as Buffer).user_id;
}

test('step() rewrites the user id of events after an identify, and no other byte', () => {
  const state = merger.createState();
  const event = { kind: 'event', name: 'Order', time: 5, properties: '{"a":1}', event_id: 2 ** 53 - 1 };
  assert.equal(userIdOf(run(state, event)), 123);
  const { outputs, outcome } = run(state, { kind: 'identify', identity: 'a@b.c', time: 7, event_id: 9 });
  const user = canonicalUserId(ENVIRONMENT, 'a@b.c');
  assert.equal(outcome, 'identify.bound');
  assert.deepEqual(
    { ...migrationCodec.decode(outputs[0]?.value as Buffer), offset: 0 },
    {
      environment: ENVIRONMENT,
      from_user_id: 123,
      to_user_id: user,
      identity: 'a@b.c',
      bound_at: 1000,
      time: 7,
      source: 'server',
      event_id: 9,
      partition: 2,
      offset: 0,
    },
  );
  const after = run(state, event);
  assert.equal(after.outputs[0]?.topic, 'events.identified');
  const decoded = collectedCodec.decode(after.outputs[0]?.value as Buffer);
  assert.deepEqual(decoded, collectedCodec.decode(aRecord({ ...event, user_id: user }).value));
});

test('step() ignores another identity on a bound id and says so in the audit', () => {
  const state = merger.createState();
  run(state, { kind: 'identify', identity: 'susan' });
  const { outputs, outcome } = run(state, { kind: 'identify', identity: 'bill' });
  assert.equal(outcome, 'identify.ignored');
  const audit = auditCodec.decode(outputs[0]?.value as Buffer);
  assert.equal(audit.reason, 'bound_to_another_identity');
  assert.equal(audit.bound_user_id, canonicalUserId(ENVIRONMENT, 'susan'));
  assert.equal(userIdOf(run(state, { kind: 'event' })), canonicalUserId(ENVIRONMENT, 'susan'));
});

test('step() binds nothing to a blocked identity and says so in the audit; the device may be bound to another', () => {
  const state = merger.createState();
  const [broadcast] = merger.broadcasts ?? [];
  const block = {
    environment: ENVIRONMENT,
    user_id: canonicalUserId(ENVIRONMENT, 'susan'),
    from_generation: 1,
  };
  broadcast?.fold(state, { key: Buffer.alloc(16), value: blockCodec.encode(block), timestampMs: 0 });
  const { outputs, outcome } = run(state, { kind: 'identify', identity: 'susan' });
  assert.equal(outcome, 'identify.ignored');
  assert.deepEqual(
    outputs.map(({ topic }) => topic),
    ['identity.audit'],
  );
  const audit = auditCodec.decode(outputs[0]?.value as Buffer);
  assert.equal(audit.reason, 'blocked_identity');
  assert.equal(audit.bound_user_id, 0);
  assert.equal(userIdOf(run(state, { kind: 'event' })), 123);
  assert.equal(run(state, { kind: 'identify', identity: 'bill' }).outcome, 'identify.bound');
  assert.equal(userIdOf(run(state, { kind: 'event' })), canonicalUserId(ENVIRONMENT, 'bill'));
});

test('step() takes the same identity again for nothing new', () => {
  const state = merger.createState();
  run(state, { kind: 'identify', identity: 'susan' });
  assert.deepEqual(run(state, { kind: 'identify', identity: 'susan' }), {
    outputs: [],
    outcome: 'identify.repeated',
  });
});

test('step() keeps environments apart', () => {
  const state = merger.createState();
  run(state, { kind: 'identify', identity: 'susan' });
  assert.equal(userIdOf(run(state, { kind: 'event', environment: 2 })), 123);
});

test('step() lets an idempotency key through once per device', () => {
  const state = merger.createState();
  const idempotency = idempotencyHash('order 1');
  assert.equal(run(state, { kind: 'event', idempotency }).outcome, 'event.forwarded');
  assert.deepEqual(run(state, { kind: 'event', idempotency }), { outputs: [], outcome: 'event.duplicate' });
  assert.equal(run(state, { kind: 'event', idempotency, device_id: 7 }).outcome, 'event.forwarded');
});

test('step() sends property changes to profile.changes with the bound user', () => {
  const state = merger.createState();
  run(state, { kind: 'identify', identity: 'susan' });
  const step = run(state, { kind: 'user_properties', properties: '{"plan":"pro"}' });
  assert.equal(step.outputs[0]?.topic, 'profile.changes');
  assert.equal(userIdOf(step), canonicalUserId(ENVIRONMENT, 'susan'));
});

test('step() refuses a record that lies under the key of another device', () => {
  const record = { ...aRecord({ kind: 'event' }), key: recordKey(1, 124) };
  assert.throws(() => merger.step(merger.createState(), record, 0), { code: 'wrong_key' });
});

test('a restored key counts from when it was last let through, whatever the order of receive times', () => {
  const before = merger.createState();
  const restored = merger.createState();
  let streamTime = 0;
  const step = (state: MergerState, fields: Partial<Collected>) => {
    const record = aRecord(fields);
    streamTime = Math.max(streamTime, record.timestampMs);
    return merger.step(state, record, streamTime);
  };
  const key = (received_at: number) => ({ kind: 'event', idempotency: idempotencyHash('1'), received_at });
  const history = [key(1000), { kind: 'tick', received_at: DAY_MS + 2000 }, key(DAY_MS + 900)];
  for (const fields of history) {
    const { outcome, outputs } = step(before, fields);
    assert.match(outcome, /forwarded$/);
    for (const { topic, key, value, timestampMs } of outputs)
      merger.restores.find((restore) => restore.topic === topic)?.fold(restored, { key, value, timestampMs });
  }
  for (const state of [before, restored])
    assert.equal(step(state, key(DAY_MS + 3000)).outcome, 'event.duplicate');
});

test('restores bring back what the outputs say: bindings and remembered keys', () => {
  const before = merger.createState();
  const restored = merger.createState();
  const history: Partial<Collected>[] = [
    { kind: 'identify', identity: 'susan' },
    { kind: 'event', idempotency: idempotencyHash('1') },
    { kind: 'event', device_id: 9, idempotency: idempotencyHash('2') },
  ];
  for (const fields of history) {
    for (const { topic, key, value, timestampMs } of run(before, fields).outputs) {
      merger.restores.find((restore) => restore.topic === topic)?.fold(restored, { key, value, timestampMs });
    }
  }
  for (const fields of [...history, { kind: 'event' }]) {
    const record = aRecord(fields);
    assert.deepEqual(merger.step(restored, record, 1000), merger.step(before, record, 1000));
  }
});
