import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DemoRequest } from './dispatch.ts';
import { truthOf } from './truth.ts';

const NOON_MS = Date.UTC(2026, 2, 2, 12);
const MINUTE_MS = 60_000;

let keys = 0;

function request(path: string, body: Record<string, unknown>): DemoRequest {
  return { lane: 0, sendAt: 0, path, userAgent: 'Mozilla/5.0', body: { app_id: '11', ...body } };
}

/** One captured event of a web device, `minutes` after noon. */
function captured(device: number, minutes: number, event: Record<string, unknown>): DemoRequest {
  keys += 1;
  return request('/v1/capture', {
    user_id: String(device),
    library: 'web',
    events: [
      {
        idempotency_key: `k${keys}`,
        timestamp: new Date(NOON_MS + minutes * MINUTE_MS).toISOString(),
        ...event,
      },
    ],
  });
}

function tracked(who: Record<string, string>, minutes: number, event: string): DemoRequest {
  keys += 1;
  return request('/api/track', {
    ...who,
    event,
    timestamp: NOON_MS + minutes * MINUTE_MS,
    idempotency_key: `k${keys}`,
  });
}

function figuresOf(requests: DemoRequest[]) {
  return truthOf(requests).figures;
}

test('truthOf() joins what a device did before it was identified to its person', () => {
  const figures = figuresOf([
    captured(1, 0, { type: 'custom', name: 'Add to Cart', properties: {} }),
    captured(2, 10, { type: 'pageview' }),
    tracked({ identity: 'a@b.c' }, 20, 'Completed Order'),
    captured(1, 30, { type: 'identify', identity: 'a@b.c' }),
  ]);
  assert.deepEqual(figures['people'], {
    'with events': 2,
    'of them identified': 1,
    'devices bound to them': 1,
    'devices beyond the limit of ten': 0,
  });
  assert.deepEqual(figures['funnel, shop: cart to order in 30 minutes'], {
    '1. Add to Cart': 1,
    '2. Completed Order': 1,
  });
});

test('truthOf() keeps a device with its first identity', () => {
  const figures = figuresOf([
    captured(1, 0, { type: 'pageview' }),
    captured(1, 1, { type: 'identify', identity: 'first' }),
    captured(1, 2, { type: 'identify', identity: 'second' }),
    captured(1, 3, { type: 'identify', identity: 'first' }),
    tracked({ identity: 'second' }, 4, 'Refund'),
  ]);
  assert.equal(figures['people']!['with events'], 2);
  assert.equal(figures['accounting']!['identifies that change nothing'], 2);
});

test('truthOf() ignores the eleventh binding by the server, not by clients', () => {
  const devices = Array.from({ length: 11 }, (_, n) => n + 1);
  const seen = devices.map((device) => captured(device, device, { type: 'pageview' }));
  const byServer = devices.map((device) =>
    request('/api/v1/identify', { user_id: String(device), identity: 'a' }),
  );
  const byClients = devices.map((device) => captured(device, 60, { type: 'identify', identity: 'a' }));
  assert.equal(figuresOf([...seen, ...byServer])['people']!['with events'], 2);
  assert.equal(figuresOf([...seen, ...byClients])['people']!['with events'], 1);
});

test('truthOf() counts an event sent twice once, and the same key of another sender as another event', () => {
  const once = tracked({ identity: 'a' }, 0, 'Refund');
  const figures = figuresOf([once, once, { ...once, body: { ...once.body, identity: 'b' } }]);
  const accounts = figures['accounting']!;
  assert.deepEqual([accounts['events loaded'], accounts['events that are duplicates']], [2, 1]);
});

test('truthOf() starts a gap session after more than 30 minutes, whatever the order of arrival', () => {
  const at = (minutes: number) => captured(1, minutes, { type: 'pageview' });
  const gaps = (requests: DemoRequest[]) => figuresOf(requests)['sessions']!['from gaps, web'];
  assert.equal(gaps([at(0), at(30)]), 1);
  assert.equal(gaps([at(0), at(30 + 1 / MINUTE_MS)]), 2);
  assert.equal(gaps([at(0), at(50), at(25)]), 1);
  assert.equal(gaps([at(0), tracked({ user_id: '1' }, 25, 'Refund'), at(50)]), 2);
});

test('truthOf() lets the last write of a property win, by time and not by arrival', () => {
  const opted = (minutes: number, value: boolean) =>
    captured(1, minutes, { type: 'user_properties', properties: { opted: value, minutes } });
  const { userProperties } = truthOf([
    captured(1, 0, { type: 'identify', identity: 'a' }),
    opted(9, true),
    opted(3, false),
    request('/api/add_user_properties', { identity: 'a', properties: { Role: 'Owner', minutes: 'now' } }),
  ]);
  assert.deepEqual([...userProperties], [['a', { opted: true, minutes: 'now', Role: 'Owner' }]]);
});

test('truthOf() counts rows that are no event as refused', () => {
  const accounts = figuresOf([
    request('/api/track', { events: [{ identity: 'a', event: '', timestamp: 0 }] }),
  ])['accounting']!;
  assert.deepEqual([accounts['rows refused at the door'], accounts['events loaded']], [1, 0]);
});
