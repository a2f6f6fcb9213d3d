import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rejectedCodec } from '#schemas/codec.ts';
import { canonicalUserId, recordKey } from '#schemas/ids.ts';
import {
  event,
  type LoaderStage,
  migration,
  session,
  startLoaderStage,
  T0,
} from '../support/loader-stage.ts';
import { until } from '../support/until.ts';

let stage: LoaderStage;

before(async () => {
  stage = await startLoaderStage();
  await stage.start();
});

after(() => stage?.stop());

test('events, sessions, properties and bindings show in the readers’ views', async () => {
  const carla = canonicalUserId(1, 'carla');
  await stage.send('events.sessionized', [
    event({
      device_id: 1,
      event_id: 11,
      session_id: 5,
      name: 'pageview',
      type: 'view page',
      path: '/',
      domain: 'x.y',
    }),
    event({
      device_id: 1,
      event_id: 12,
      session_id: 6,
      name: 'Sign Up - Click',
      properties: '{"plan":"pro","seats":3,"a.b":true,"time":1}',
    }),
    event({ device_id: carla, event_id: 14, name: 'paid', source: 'server', identity: 'carla' }),
  ]);
  // The value that is loaded first gives its column the type.
  await stage.untilRows('SELECT plan FROM main_production.sign_up_click', [{ plan: 'pro' }]);
  await stage.send('events.sessionized', [
    event({
      device_id: 2,
      event_id: 13,
      name: 'Sign Up - Click',
      source: 'server',
      properties: '{"plan":7}',
    }),
  ]);
  await stage.send('sessions', [
    session({ device_id: 1, session_id: 5, event_id: 11, utm_source: 'ad', library: 'web' }),
    session({ device_id: 1, session_id: 6, event_id: 12 }),
  ]);
  await stage.send('profile.changes', [
    event({
      device_id: 1,
      event_id: 21,
      kind: 'user_properties',
      properties: '{"email":"old@x","Plan":"free"}',
    }),
    event({
      device_id: carla,
      event_id: 22,
      kind: 'user_properties',
      identity: 'carla',
      time: T0 + 1,
      properties: '{"email":"new@x"}',
    }),
    event({
      device_id: 77,
      event_id: 23,
      kind: 'account_properties',
      account_id: 'acme',
      properties: '{"tier":1}',
    }),
  ]);
  await stage.untilRows(
    'SELECT event_id, user_id, session_id, event_table_name FROM main_production.all_events ORDER BY event_id',
    [
      { event_id: 11, user_id: 1, session_id: 5, event_table_name: 'pageviews' },
      { event_id: 12, user_id: 1, session_id: 6, event_table_name: 'sign_up_click' },
      { event_id: 13, user_id: 2, session_id: null, event_table_name: 'sign_up_click' },
      { event_id: 14, user_id: carla, session_id: null, event_table_name: 'paid' },
    ],
  );
  await stage.untilRows(
    'SELECT event_id, plan, seats, a_b, time_property FROM main_production.sign_up_click ORDER BY event_id',
    [
      { event_id: 12, plan: 'pro', seats: 3, a_b: true, time_property: 1 },
      { event_id: 13, plan: '7', seats: null, a_b: null, time_property: null },
    ],
  );
  await stage.untilRows('SELECT session_id, utm_source, path, library FROM main_production.pageviews', [
    { session_id: 5, utm_source: 'ad', path: '/', library: 'web' },
  ]);
  await stage.untilRows('SELECT user_id, identity, email, plan FROM main_production.users ORDER BY user_id', [
    { user_id: 1, identity: null, email: 'old@x', plan: 'free' },
    { user_id: 2, identity: null, email: null, plan: null },
    { user_id: carla, identity: 'carla', email: 'new@x', plan: null },
  ]);
  await stage.untilRows('SELECT account_id, properties.tier AS tier FROM cairn.account_properties', [
    { account_id: 'acme', tier: 1 },
  ]);

  await stage.send('identity.migrations', [migration(1, 'carla')]);
  await stage.untilRows('SELECT user_id, identity, email, plan FROM main_production.users ORDER BY user_id', [
    { user_id: 2, identity: null, email: null, plan: null },
    { user_id: carla, identity: 'carla', email: 'new@x', plan: 'free' },
  ]);
  await stage.untilRows(
    'SELECT user_id, count() AS n FROM main_production.all_events GROUP BY user_id ORDER BY user_id',
    [
      { user_id: 2, n: 1 },
      { user_id: carla, n: 3 },
    ],
  );
  await stage.untilRows('SELECT uniqExact(user_id) AS n FROM cairn.resolved_events', [{ n: 2 }]);
  await stage.untilRows('SELECT DISTINCT user_id FROM main_production.sessions', [{ user_id: carla }]);

  await stage.send('sessions', [
    session({ device_id: 1, session_id: 6, event_id: 12, merged_into: 5 }),
    session({ device_id: 1, session_id: 5, event_id: 11, event_count: 2, utm_source: 'ad', absorbed: [6] }),
  ]);
  await stage.untilRows(
    'SELECT event_id, session_id, utm_source FROM main_production.sign_up_click ORDER BY event_id',
    [
      { event_id: 12, session_id: 5, utm_source: 'ad' },
      { event_id: 13, session_id: null, utm_source: null },
    ],
  );
  await stage.untilRows('SELECT session_id FROM main_production.sessions', [{ session_id: 5 }]);
});

test('a binding that does not count has no effect in any view', async () => {
  const dora = canonicalUserId(1, 'dora');
  const thief = canonicalUserId(1, 'thief');
  await stage.send('identity.migrations', [
    ...Array.from({ length: 11 }, (_, index) => migration(100 + index, 'dora', { bound_at: T0 + index })),
    // Dora's public id as the anonymous id of a thief.
    migration(dora, 'thief'),
  ]);
  await stage.untilRows(
    `SELECT from_user_id, reason FROM cairn.user_migrations FINAL WHERE to_user_id IN (${dora}, ${thief}) AND counts = 0 ORDER BY from_user_id`,
    [
      { from_user_id: 110, reason: 'limit_of_10_in_30_days' },
      { from_user_id: dora, reason: 'canonical_id' },
    ],
  );
  await stage.untilRows(
    `SELECT count() AS n FROM main_production.user_migrations WHERE to_user_id = ${dora}`,
    [{ n: 10 }],
  );
  await stage.untilRows(
    `SELECT identity FROM main_production.users WHERE user_id IN (${dora}, ${thief}, 110) ORDER BY identity`,
    [{ identity: 'dora' }, { identity: null }],
  );
});

test('a record that cannot be read and a row that ClickHouse refuses end as dead letters', async () => {
  const before = await stage.rows<{ n: number }>('SELECT count() AS n FROM cairn.events');
  await stage.send('events.sessionized', [
    { key: recordKey(1, 1), value: Buffer.from('garbage') },
    event({ device_id: 1, event_id: 31, name: 'fine' }),
    event({ device_id: 1, event_id: 32, name: 'torn', properties: '{"a":' }),
    event({ device_id: 1, event_id: 33, name: 'fine', properties: '{"a":1}' }),
    // The same keys and types as the one before: only ClickHouse looks closer.
    event({ device_id: 1, event_id: 35, name: 'fine', properties: '{"a":1e5e5}' }),
    event({
      device_id: 1,
      event_id: 34,
      name: 'big',
      properties: '{"n":100000000000000000000,"s":"\\ud800"}',
    }),
  ]);
  await stage.untilRows(
    "SELECT toString(properties) AS p FROM cairn.events WHERE name IN ('fine', 'torn', 'big') ORDER BY event_id",
    [{ p: '{}' }, { p: '{"a":1}' }, { p: '{"n":100000000000000000000,"s":"�"}' }],
  );
  assert.equal(
    (await stage.rows<{ n: number }>('SELECT count() AS n FROM cairn.events'))[0]!.n,
    before[0]!.n + 3,
  );
  const letters: { code: string; offset: number; stage: string }[] = [];
  const consumer = stage.kafka.consumer({ groupId: 'test.rejected' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'events.rejected', fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { code, offset, stage } = rejectedCodec.decode(message.value);
      letters.push({ code, offset, stage });
    },
  });
  await until('three dead letters', () => letters.length >= 3);
  await consumer.disconnect();
  assert.deepEqual(letters.map(({ code, stage }) => `${stage} ${code}`).sort(), [
    'loader bad_properties',
    'loader not_framed',
    'loader refused_by_clickhouse',
  ]);
});

for (const [error, setting, value] of [
  ['TOO_MANY_PARTS', 'parts_to_throw_insert', '1'],
  ['NOT_ENOUGH_SPACE', 'min_free_disk_bytes_to_perform_insert', '1000000000000000000'],
] as const) {
  test(`a loader that ClickHouse refuses for ${error} tries until it may, and loads each record once`, async () => {
    const refusals = async () => {
      const [row] = await stage.rows<{ value: number }>(
        `SELECT value FROM system.errors WHERE name = '${error}'`,
      );
      return row?.value ?? 0;
    };
    const before = await refusals();
    await stage.rows(`ALTER TABLE cairn.events MODIFY SETTING ${setting} = ${value}`);
    try {
      await stage.send('events.sessionized', [event({ device_id: 1, event_id: 900, name: error })]);
      await until('the insert to be refused again and again', async () => (await refusals()) > before + 2);
      await stage.untilRows(`SELECT count() AS n FROM cairn.events WHERE name = '${error}'`, [{ n: 0 }]);
    } finally {
      await stage.rows(`ALTER TABLE cairn.events RESET SETTING ${setting}`);
    }
    await stage.untilRows(`SELECT count() AS n FROM cairn.events WHERE name = '${error}'`, [{ n: 1 }]);
  });
}
