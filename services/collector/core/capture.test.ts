import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { accountKeyId, canonicalUserId, eventIdOfKey, idempotencyHash } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { type Accepted, accept } from './accept.ts';
import type { Client } from './client.ts';
import { anEnvironment, aRecord, RECEIVED_AT, someCircumstances } from './testing.ts';

const CLIENT: Client = {
  ip: '192.0.2.7',
  userAgent: 'Agent/1',
  browser: 'Chrome 126',
  platform: 'Windows 10',
  device: '',
  deviceType: 'Desktop',
  isBot: false,
  country: 'Switzerland',
  region: 'Bern',
  city: 'Bern',
};

/** What every client event of these tests carries of its client. */
const FROM_CLIENT: Partial<Collected> = {
  source: 'web',
  user_agent: 'Agent/1',
  browser: 'Chrome 126',
  platform: 'Windows 10',
  device_type: 'Desktop',
  ip: '192.0.2.7',
  country: 'Switzerland',
  region: 'Bern',
  city: 'Bern',
};

function capture(request: object, events: object[], options = DEFAULT_OPTIONS): Accepted {
  const circumstances = someCircumstances({
    client: CLIENT,
    environments: new Map([['11', anEnvironment({ options })]]),
  });
  return accept('/v1/capture', { app_id: '11', ...request, events }, circumstances) as Accepted;
}

test('capture() takes a pageview with the address of its page in parts', () => {
  const event = {
    type: 'pageview',
    id: 'k1',
    pageview_id: '99',
    timestamp: RECEIVED_AT - 10,
    page: {
      url: 'https://joe@shop.example:8443/cart/items?utm_source=x#top',
      title: 'Cart',
      referrer: 'https://other.example/',
      previous_page: '/home',
    },
    properties: { experiment: 'b' },
  };
  assert.deepEqual(capture({ user_id: '5', session_id: 6, identity: 'a@b.c' }, [event]), {
    single: false,
    rejected: [],
    accepted: [
      aRecord({
        ...FROM_CLIENT,
        device_id: 5,
        session_id: 6,
        identity: 'a@b.c',
        event_id: eventIdOfKey(1, 'k1'),
        idempotency: idempotencyHash('k1'),
        time: RECEIVED_AT - 10,
        name: 'pageview',
        type: 'view page',
        pageview_id: 99,
        domain: 'shop.example',
        path: '/cart/items',
        query: '?utm_source=x',
        hash: '#top',
        title: 'Cart',
        referrer: 'https://other.example/',
        previous_page: '/home',
        properties: '{"experiment":"b"}',
      }),
    ],
  });
});

test('capture() takes the autocapture kinds with their target, and custom events', () => {
  const target = {
    tag: 'a',
    id: 'buy',
    class: 'btn',
    text: 'Buy',
    href: '/buy',
    hierarchy: '@a;#buy;|@body;|',
  };
  const autocaptured = ['click', 'change', 'submit', 'touch', 'edit field'];
  const events = [
    ...autocaptured.map((type) => ({
      type,
      target,
      page: { domain: 'shop.example', query: 'a=1', hash: 'h' },
    })),
    { type: 'custom', name: 'Order Completed' },
  ];
  const page = { domain: 'shop.example', query: '?a=1', hash: '#h' };
  const element = {
    target_tag: 'a',
    target_id: 'buy',
    target_class: 'btn',
    target_text: 'Buy',
    href: '/buy',
    hierarchy: '@a;#buy;|@body;|',
  };
  assert.deepEqual(capture({ user_id: 5 }, events).accepted, [
    ...autocaptured.map((type) =>
      aRecord({ ...FROM_CLIENT, ...page, ...element, device_id: 5, name: type, type }),
    ),
    aRecord({ ...FROM_CLIENT, device_id: 5, name: 'Order Completed', type: 'Order Completed' }),
  ]);
});

test('capture() lets the request describe the device, and an event name its own user and session', () => {
  const request = {
    library: 'ios',
    user_id: 5,
    session_id: 6,
    device: { platform: 'iOS 17.5', model: 'iPhone 15', type: 'Mobile', carrier: 'Salt', browser: '' },
    app: { name: 'Shop', version: '2.1' },
  };
  assert.deepEqual(capture(request, [{ type: 'touch', user_id: 7, session_id: 8 }]).accepted, [
    aRecord({
      ...FROM_CLIENT,
      source: 'ios',
      device_id: 7,
      session_id: 8,
      name: 'touch',
      type: 'touch',
      platform: 'iOS 17.5',
      device: 'iPhone 15',
      device_type: 'Mobile',
      carrier: 'Salt',
      browser: '',
      app_name: 'Shop',
      app_version: '2.1',
    }),
  ]);
});

test('capture() takes identify and property changes', () => {
  const events = [
    { type: 'identify', identity: 'a@b.c', timestamp: RECEIVED_AT - 3 },
    { type: 'user_properties', properties: { plan: 'pro' } },
    { type: 'user_properties', identity: 'a@b.c', properties: { plan: 'pro' } },
    { type: 'account_properties', account_id: 'acme', properties: { seats: 3 } },
  ];
  assert.deepEqual(capture({ user_id: 5 }, events).accepted, [
    aRecord({ kind: 'identify', source: 'web', device_id: 5, identity: 'a@b.c', time: RECEIVED_AT - 3 }),
    aRecord({ kind: 'user_properties', source: 'web', device_id: 5, properties: '{"plan":"pro"}' }),
    aRecord({
      kind: 'user_properties',
      source: 'web',
      device_id: 5,
      identity: 'a@b.c',
      properties: '{"plan":"pro"}',
    }),
    aRecord({
      kind: 'account_properties',
      source: 'web',
      device_id: accountKeyId(1, 'acme'),
      account_id: 'acme',
      properties: '{"seats":3}',
    }),
  ]);
});

test('capture() takes user properties of an identity alone', () => {
  const events = [{ type: 'user_properties', identity: 'a@b.c', properties: { a: 1 } }];
  assert.deepEqual(capture({}, events).accepted, [
    aRecord({
      kind: 'user_properties',
      source: 'web',
      device_id: canonicalUserId(1, 'a@b.c'),
      identity: 'a@b.c',
      properties: '{"a":1}',
    }),
  ]);
});

test('capture() corrects a wrong clock with the time the request was sent', () => {
  const hour = 3_600_000;
  const request = { user_id: 5, sent_at: new Date(RECEIVED_AT + hour).toISOString() };
  const [record] = capture(request, [{ type: 'click', timestamp: RECEIVED_AT + hour - 1000 }]).accepted;
  assert.deepEqual(
    record,
    aRecord({
      ...FROM_CLIENT,
      device_id: 5,
      name: 'click',
      type: 'click',
      time: RECEIVED_AT - 1000,
      client_time: RECEIVED_AT + hour - 1000,
      flags: ['time_corrected'],
    }),
  );
});

test('capture() cuts over-long text and flags it', () => {
  const [record] = capture({ user_id: 5 }, [{ type: 'click', target: { text: 'x'.repeat(1030) } }]).accepted;
  assert.deepEqual(
    record,
    aRecord({
      ...FROM_CLIENT,
      device_id: 5,
      name: 'click',
      type: 'click',
      target_text: 'x'.repeat(1024),
      flags: ['value_truncated'],
    }),
  );
});

test('capture() keeps no address where the environment does not want it', () => {
  const [record] = capture({ user_id: 5 }, [{ type: 'click' }], {
    ...DEFAULT_OPTIONS,
    keepIp: false,
  }).accepted;
  assert.deepEqual(record, aRecord({ ...FROM_CLIENT, device_id: 5, name: 'click', type: 'click', ip: '' }));
});

test('capture() refuses all events of an excluded address', () => {
  const events = [{ type: 'click' }, { type: 'pageview' }];
  const outcome = capture({ user_id: 5 }, events, { ...DEFAULT_OPTIONS, excludedIps: ['192.0.2.*'] });
  assert.deepEqual(outcome.accepted, []);
  assert.deepEqual(
    outcome.rejected.map(({ index, code }) => [index, code]),
    [
      [0, 'excluded_ip'],
      [1, 'excluded_ip'],
    ],
  );
});

test('capture() refuses what is wrong, row by row', () => {
  const rows: [row: object, code: string][] = [
    [{ type: 'scroll' }, 'invalid_type'],
    [{}, 'invalid_type'],
    [{ type: 'toString' }, 'invalid_type'],
    [{ type: 'custom' }, 'missing_event'],
    [{ type: 'custom', name: 'x'.repeat(1025) }, 'event_too_long'],
    [{ type: 'click', user_id: 'x' }, 'invalid_user_id'],
    [{ type: 'click', session_id: 1.5 }, 'invalid_session_id'],
    [{ type: 'click', pageview_id: {} }, 'invalid_pageview_id'],
    [{ type: 'click', identity: 'null' }, 'placeholder_identity'],
    [{ type: 'click', id: [] }, 'invalid_idempotency_key'],
    [{ type: 'click', page: 'x' }, 'invalid_field'],
    [{ type: 'click', page: { title: {} } }, 'invalid_field'],
    [{ type: 'click', target: [] }, 'invalid_field'],
    [{ type: 'click', timestamp: 'x' }, 'invalid_timestamp'],
    [{ type: 'click', properties: 1 }, 'invalid_properties'],
    [{ type: 'identify' }, 'missing_identity'],
    [{ type: 'user_properties', properties: { user_id: 1 } }, 'reserved_property'],
    [{ type: 'user_properties', properties: { ID: 1 } }, 'reserved_property'],
    [{ type: 'account_properties' }, 'missing_account_id'],
  ];
  const outcome = capture(
    { user_id: 5 },
    rows.map(([row]) => row),
  );
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    rows.map(([, code]) => code),
  );
  assert.deepEqual(capture({}, [{ type: 'click' }]).rejected[0]?.code, 'missing_user');
});

test('capture() makes no captured kind of a custom event that has the name of one', () => {
  const names = ['view page', 'click', 'change', 'submit', 'touch', 'edit field', 'pageview', 'View Page'];
  const events = names.map((name) => ({ type: 'custom', name }));
  const taken = capture({ user_id: 5 }, events).accepted.map(({ name, type }) => [name, type]);
  assert.deepEqual(
    taken,
    names.map((name) => [name, ['pageview', 'View Page'].includes(name) ? name : 'custom']),
  );
});

test('capture() takes what an application says of its visibility, and refuses what it cannot know', () => {
  const event = { type: 'custom', name: 'Synced' };
  const said = ['foreground', 'background', null, 'hidden'];
  const { accepted, rejected } = capture(
    { user_id: 5, library: 'ios' },
    said.map((app_visibility) => ({ ...event, app_visibility })),
  );
  assert.deepEqual(
    accepted.map(({ app_visibility }) => app_visibility),
    ['foreground', 'background', ''],
  );
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [[3, 'invalid_app_visibility']],
  );
});
