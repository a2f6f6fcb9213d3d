import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accountKeyId,
  canonicalUserId,
  eventIdOfKey,
  foreignAnonymousId,
  idempotencyHash,
} from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { type Accepted, accept, MAX_ROWS, type RefusedRequest, type RoutePath } from './accept.ts';
import { NO_CLIENT } from './client.ts';
import { anEnvironment, aRecord, RECEIVED_AT, someCircumstances } from './testing.ts';

const canonical = canonicalUserId(1, 'a@b.c');
const keyed = { event_id: eventIdOfKey(1, 'k1'), idempotency: idempotencyHash('k1') };

/** One row taken: what it becomes. */
type Taken = { name: string; path: RoutePath; body: object; want: Partial<Collected> };

const TAKEN: Taken[] = [
  {
    name: 'track of an anonymous user',
    path: '/api/track',
    body: {
      app_id: 11,
      event: 'Sign Up',
      user_id: '123',
      session_id: '456',
      timestamp: '2026-01-31T11:00:00Z',
      properties: { plan: 'pro', tags: ['a', 'b'] },
      idempotency_key: 'k1',
    },
    want: {
      ...keyed,
      device_id: 123,
      session_id: 456,
      time: RECEIVED_AT - 3_600_000,
      name: 'Sign Up',
      type: 'Sign Up',
      properties: '{"plan":"pro","tags":"a||b"}',
    },
  },
  {
    name: 'track of an identity',
    path: '/api/track',
    body: { app_id: '11', event: 'Order', identity: 'a@b.c', properties: [], timestamp: RECEIVED_AT - 1 },
    want: { device_id: canonical, identity: 'a@b.c', time: RECEIVED_AT - 1, name: 'Order', type: 'Order' },
  },
  {
    name: 'track of a numeric identity, nulls for what is not known',
    path: '/api/track',
    body: { app_id: '11', event: 'Order', identity: 7, user_id: null, session_id: null, timestamp: null },
    want: { device_id: canonicalUserId(1, '7'), identity: '7', name: 'Order', type: 'Order' },
  },
  {
    name: 'track of the largest id',
    path: '/api/track',
    body: { app_id: '11', event: 'Order', user_id: '9007199254740991' },
    want: { device_id: 9007199254740991, name: 'Order', type: 'Order' },
  },
  {
    name: 'identify',
    path: '/api/v1/identify',
    body: { app_id: '11', user_id: 123, identity: 'a@b.c', timestamp: String(RECEIVED_AT - 5) },
    want: { kind: 'identify', device_id: 123, identity: 'a@b.c', time: RECEIVED_AT - 5 },
  },
  {
    name: 'user properties',
    path: '/api/add_user_properties',
    body: { app_id: '11', identity: 'a@b.c', properties: { email: 'a@b.c', address: { city: 'Bern' } } },
    want: {
      kind: 'user_properties',
      device_id: canonical,
      identity: 'a@b.c',
      properties: '{"email":"a@b.c","address.city":"Bern"}',
    },
  },
  {
    name: 'user properties by their legacy name',
    path: '/api/identify',
    body: { app_id: '11', identity: 'a@b.c', properties: { a: 1 } },
    want: { kind: 'user_properties', device_id: canonical, identity: 'a@b.c', properties: '{"a":1}' },
  },
  {
    name: 'account properties',
    path: '/api/add_account_properties',
    body: { app_id: '11', account_id: 42, properties: { seats: 5 } },
    want: {
      kind: 'account_properties',
      device_id: accountKeyId(1, '42'),
      account_id: '42',
      properties: '{"seats":5}',
    },
  },
  {
    name: "an integration's event by email",
    path: '/api/integrations/track',
    body: {
      app_id: '11',
      library: 'server',
      events: [
        {
          event: 'Page viewed',
          user_identifier: { email: 'a@b.c' },
          custom_properties: { segment_library: 'cloud-mode-destination' },
          idempotency_key: 'k1',
        },
      ],
    },
    want: {
      ...keyed,
      device_id: canonical,
      identity: 'a@b.c',
      name: 'Page viewed',
      type: 'Page viewed',
      properties: '{"segment_library":"cloud-mode-destination"}',
    },
  },
  {
    name: "an integration's event by anonymous id",
    path: '/api/integrations/track',
    body: {
      app_id: '11',
      events: [{ event: 'e', user_identifier: { anonymous_id: '5a41f0df-b69a-4a99-b656-79506a86c3f8' } }],
    },
    want: { device_id: 8325872782136936, name: 'e', type: 'e' },
  },
  {
    name: "an integration's event by user_id",
    path: '/api/integrations/track',
    body: { app_id: '11', events: [{ event: 'e', use_user_id: true, user_id: '123' }] },
    want: { device_id: 123, name: 'e', type: 'e' },
  },
  {
    name: "an integration's user properties",
    path: '/api/integrations/add_user_properties',
    body: { app_id: '11', users: [{ user_identifier: { email: 'a@b.c' }, properties: { a: 1 } }] },
    want: { kind: 'user_properties', device_id: canonical, identity: 'a@b.c', properties: '{"a":1}' },
  },
];

for (const { name, path, body, want } of TAKEN) {
  test(`accept() takes ${name}`, () => {
    const outcome = accept(path, body, someCircumstances()) as Accepted;
    assert.deepEqual(outcome.rejected, []);
    assert.deepEqual(outcome.accepted, [aRecord(want)]);
  });
}

test('the anonymous id of an integration is hashed as Segment does', () => {
  assert.equal(foreignAnonymousId('5a41f0df-b69a-4a99-b656-79506a86c3f8'), 8325872782136936);
});

const REFUSED_ROWS: [name: string, path: RoutePath, row: object, code: string][] = [
  ['no event', '/api/track', { user_id: 1 }, 'missing_event'],
  ['an empty event', '/api/track', { user_id: 1, event: ' ' }, 'missing_event'],
  ['an event that is not text', '/api/track', { user_id: 1, event: 5 }, 'invalid_event'],
  ['an over-long event', '/api/track', { user_id: 1, event: 'x'.repeat(1025) }, 'event_too_long'],
  ['neither identity nor user_id', '/api/track', { event: 'e' }, 'missing_user'],
  [
    'both identity and user_id',
    '/api/track',
    { event: 'e', user_id: 1, identity: 'a' },
    'identity_and_user_id',
  ],
  ['a user_id out of range', '/api/track', { event: 'e', user_id: '9007199254740992' }, 'invalid_user_id'],
  ['a negative user_id', '/api/track', { event: 'e', user_id: -1 }, 'invalid_user_id'],
  ['a user_id that is a list', '/api/track', { event: 'e', user_id: [] }, 'invalid_user_id'],
  ['an over-long identity', '/api/track', { event: 'e', identity: 'x'.repeat(256) }, 'identity_too_long'],
  ['a placeholder identity', '/api/track', { event: 'e', identity: 'undefined' }, 'placeholder_identity'],
  [
    'a session id out of range',
    '/api/track',
    { event: 'e', user_id: 1, session_id: 'x' },
    'invalid_session_id',
  ],
  ['an unreadable time', '/api/track', { event: 'e', user_id: 1, timestamp: 'soon' }, 'invalid_timestamp'],
  ['an ancient time', '/api/track', { event: 'e', user_id: 1, timestamp: '1999-01-01' }, 'timestamp_too_old'],
  [
    'properties that are text',
    '/api/track',
    { event: 'e', user_id: 1, properties: 'p' },
    'invalid_properties',
  ],
  [
    'a key that is a list',
    '/api/track',
    { event: 'e', user_id: 1, idempotency_key: [] },
    'invalid_idempotency_key',
  ],
  ['an identify without user_id', '/api/v1/identify', { identity: 'a' }, 'missing_user'],
  ['an identify without identity', '/api/v1/identify', { user_id: 1 }, 'missing_identity'],
  ['user properties without identity', '/api/add_user_properties', { user_id: 1 }, 'missing_identity'],
  [
    'a user property id',
    '/api/add_user_properties',
    { identity: 'a', properties: { iD: 1 } },
    'reserved_property',
  ],
  [
    'account properties without account',
    '/api/add_account_properties',
    { properties: {} },
    'missing_account_id',
  ],
  [
    'an over-long account',
    '/api/add_account_properties',
    { account_id: 'x'.repeat(256) },
    'account_id_too_long',
  ],
  ['an account that is a list', '/api/add_account_properties', { account_id: [] }, 'invalid_account_id'],
  ['an empty identifier', '/api/integrations/track', { event: 'e', user_identifier: {} }, 'missing_user'],
  [
    'two identifiers',
    '/api/integrations/track',
    { event: 'e', user_identifier: { email: 'a', anonymous_id: '1' } },
    'identity_and_user_id',
  ],
];

for (const [name, path, row, code] of REFUSED_ROWS) {
  test(`accept() refuses ${name}`, () => {
    const outcome = accept(path, { app_id: '11', ...row }, someCircumstances()) as Accepted;
    assert.deepEqual(outcome.accepted, []);
    assert.equal(outcome.rejected.length, 1);
    assert.equal(outcome.rejected[0]?.code, code);
    assert.match(outcome.rejected[0].message, /^Cannot /);
  });
}

const REFUSED_REQUESTS: [name: string, path: RoutePath, body: unknown, error: string][] = [
  ['a list', '/api/track', [], 'invalid_body'],
  ['null', '/api/track', null, 'invalid_body'],
  ['no app_id', '/api/track', { event: 'e' }, 'missing_app_id'],
  ['an app_id that is a list', '/api/track', { app_id: ['11'] }, 'missing_app_id'],
  ['an unknown app_id', '/api/track', { app_id: '12' }, 'unknown_app_id'],
  ['a prototype name as app_id', '/api/track', { app_id: '__proto__' }, 'unknown_app_id'],
  ['events that are an object', '/api/track', { app_id: '11', events: {} }, 'invalid_rows'],
  ['too many rows', '/api/track', { app_id: '11', events: Array(MAX_ROWS + 1).fill({}) }, 'too_many_rows'],
  ['a capture without events', '/v1/capture', { app_id: '11' }, 'invalid_rows'],
  ['an unknown library', '/v1/capture', { app_id: '11', library: 'server', events: [] }, 'invalid_library'],
];

for (const [name, path, body, error] of REFUSED_REQUESTS) {
  test(`accept() refuses a request with ${name}`, () => {
    const outcome = accept(path, body, someCircumstances()) as RefusedRequest;
    assert.equal(outcome.error, error);
    assert.match(outcome.message, /^Cannot /);
  });
}

test('accept() keeps the good rows of a bulk and says what is wrong with the others', () => {
  const events = [
    { event: 'one', user_id: 1 },
    { event: '', user_id: 1 },
    null,
    { event: 'two', identity: 'a@b.c', timestamp: 'x' },
    { event: 'three', identity: 'a@b.c' },
  ];
  assert.deepEqual(accept('/api/track', { app_id: '11', events }, someCircumstances()), {
    single: false,
    accepted: [
      aRecord({ device_id: 1, name: 'one', type: 'one' }),
      aRecord({ device_id: canonical, identity: 'a@b.c', name: 'three', type: 'three' }),
    ],
    rejected: [
      { index: 1, code: 'missing_event', message: 'Cannot accept the event: event is empty' },
      {
        index: 2,
        code: 'invalid_row',
        message: 'Cannot accept the row: want an object, current value is null',
      },
      {
        index: 3,
        code: 'invalid_timestamp',
        message: 'Cannot read timestamp: want ISO 8601 or epoch milliseconds, current value is "x"',
      },
    ],
  });
});

test('accept() bounds what a whole batch can grow to when it is flattened', () => {
  const properties = {
    ['x'.repeat(1000)]: Object.fromEntries(Array.from({ length: 150 }, (_, index) => [index, 1])),
  };
  const events = Array(MAX_ROWS).fill({ event: 'e', user_id: 1, properties });
  const outcome = accept('/api/track', { app_id: '11', events }, someCircumstances()) as Accepted;
  assert.equal(outcome.rejected.at(0)?.code, 'batch_too_large');
  assert.equal(outcome.accepted.length + outcome.rejected.length, MAX_ROWS);
});

test('accept() separates environments: the same identity and key are others there', () => {
  const second = anEnvironment({ number: 2, appId: '12', name: 'development' });
  const circumstances = someCircumstances({ environments: new Map([['12', second]]) });
  const body = { app_id: '12', event: 'e', identity: 'a@b.c', idempotency_key: 'k1' };
  assert.deepEqual((accept('/api/track', body, circumstances) as Accepted).accepted, [
    aRecord({
      environment: 2,
      device_id: canonicalUserId(2, 'a@b.c'),
      event_id: eventIdOfKey(2, 'k1'),
      idempotency: idempotencyHash('k1'),
      identity: 'a@b.c',
      name: 'e',
      type: 'e',
    }),
  ]);
});

test('accept() takes no address and no bot flag from a server request', () => {
  const client = { ...NO_CLIENT, ip: '10.0.0.1', isBot: true };
  const body = { app_id: '11', event: 'e', user_id: 1 };
  assert.deepEqual((accept('/api/track', body, someCircumstances({ client })) as Accepted).accepted, [
    aRecord({ device_id: 1, name: 'e', type: 'e' }),
  ]);
});
