import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Admin, type Kafka, Partitioners, type Producer } from 'kafkajs';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec, migrationCodec, rejectedCodec, sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId, partitionOf, recordKey, sessionKey } from '#schemas/ids.ts';
import { ORIGIN_HEADERS, topicInKafka } from '#schemas/topics.ts';
import type { Collected, Migration, Session } from '#schemas/types.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 2;
const T0 = Date.UTC(2026, 0, 1);
const log = createLogger('test', 'error');

let backend: Backend;
let kafka: Kafka;
let admin: Admin;
let producer: Producer;
let clickHouse: ClickHouse;
let loader: ChildProcess | undefined;

before(async () => {
  backend = await startBackend();
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

after(async () => {
  await stopLoader('SIGTERM');
  await producer?.disconnect();
  await admin?.disconnect();
  await backend?.stop();
});

function forkLoader(settings: Record<string, string> = {}): ChildProcess {
  return fork(fileURLToPath(new URL('../../services/loader/main.ts', import.meta.url)), {
    env: {
      ...process.env,
      CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
      CAIRN_CLICKHOUSE_URL: backend.clickhouseUrl,
      CAIRN_PARTITIONS: String(PARTITIONS),
      CAIRN_LOADER_FLUSH_MS: '50',
      CAIRN_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'error',
      ...settings,
    },
  });
}

async function startLoader(settings: Record<string, string> = {}): Promise<void> {
  loader = forkLoader(settings);
  const exited = once(loader, 'exit').then(([code]) => {
    throw new Error(`The loader ended with ${code} before it was ready`);
  });
  await Promise.race([once(loader, 'message'), exited]);
  exited.catch(() => undefined);
}

async function stopLoader(signal: NodeJS.Signals): Promise<void> {
  const child = loader;
  loader = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

let origin = 0;

/** Sends values to a derived topic, each with an origin of its own. */
async function send(
  topic: 'events.sessionized' | 'profile.changes' | 'sessions' | 'identity.migrations',
  values: readonly { key: Buffer; value: Buffer; partition?: number }[],
): Promise<void> {
  await producer.send({
    topic: topicInKafka(topic, 1),
    messages: values.map(({ key, value, partition }) => ({
      key,
      value,
      partition: partition ?? partitionOf(key, PARTITIONS),
      timestamp: String(Date.now()),
      headers: {
        [ORIGIN_HEADERS.topic]: 'events.collected',
        [ORIGIN_HEADERS.partition]: '0',
        [ORIGIN_HEADERS.offset]: String(origin++),
      },
    })),
  });
}

const event = (fields: Partial<Collected>) => ({
  key: recordKey(fields.environment ?? 1, fields.device_id ?? 0),
  value: collectedCodec.encode({
    environment: 1,
    kind: 'event',
    source: 'web',
    user_id: fields.device_id ?? 0,
    time: T0,
    received_at: T0,
    type: fields.name ?? '',
    ...fields,
  }),
});

const session = (fields: Partial<Session>) => ({
  key: sessionKey(1, fields.device_id ?? 0, fields.session_id ?? 0),
  partition: partitionOf(recordKey(1, fields.device_id ?? 0), PARTITIONS),
  value: sessionCodec.encode({
    environment: 1,
    gap: true,
    started_at: T0,
    ended_at: T0,
    updated_at: T0,
    ...fields,
  }),
});

const migration = (from: number, identity: string, fields: Partial<Migration> = {}) => ({
  key: recordKey(1, from),
  value: migrationCodec.encode({
    environment: 1,
    from_user_id: from,
    to_user_id: canonicalUserId(1, identity),
    identity,
    bound_at: T0,
    time: T0,
    ...fields,
  }),
});

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 });

/** Waits until a query answers exactly this. */
async function untilRows(sql: string, expected: readonly unknown[]): Promise<void> {
  let last: unknown;
  await until(
    `${sql} to answer ${JSON.stringify(expected)}`,
    async () => {
      last = await rows(sql).catch((error: Error) => error.message);
      return JSON.stringify(last) === JSON.stringify(expected);
    },
    20_000,
  ).catch((error) => {
    assert.deepEqual(last, expected, error.message);
  });
}

test('events, sessions, properties and bindings show in the readers’ views', async () => {
  await startLoader();
  const carla = canonicalUserId(1, 'carla');
  await send('events.sessionized', [
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
    event({
      device_id: 2,
      event_id: 13,
      name: 'Sign Up - Click',
      source: 'server',
      properties: '{"plan":7}',
    }),
    event({ device_id: carla, event_id: 14, name: 'paid', source: 'server', identity: 'carla' }),
  ]);
  await send('sessions', [
    session({ device_id: 1, session_id: 5, event_id: 11, utm_source: 'ad', library: 'web' }),
    session({ device_id: 1, session_id: 6, event_id: 12 }),
  ]);
  await send('profile.changes', [
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
  await untilRows(
    'SELECT event_id, user_id, session_id, event_table_name FROM main_production.all_events ORDER BY event_id',
    [
      { event_id: 11, user_id: 1, session_id: 5, event_table_name: 'pageviews' },
      { event_id: 12, user_id: 1, session_id: 6, event_table_name: 'sign_up_click' },
      { event_id: 13, user_id: 2, session_id: null, event_table_name: 'sign_up_click' },
      { event_id: 14, user_id: carla, session_id: null, event_table_name: 'paid' },
    ],
  );
  await untilRows(
    'SELECT event_id, plan, seats, a_b, time_property FROM main_production.sign_up_click ORDER BY event_id',
    [
      { event_id: 12, plan: 'pro', seats: 3, a_b: true, time_property: 1 },
      { event_id: 13, plan: '7', seats: null, a_b: null, time_property: null },
    ],
  );
  await untilRows('SELECT session_id, utm_source, path, library FROM main_production.pageviews', [
    { session_id: 5, utm_source: 'ad', path: '/', library: 'web' },
  ]);
  await untilRows('SELECT user_id, identity, email, plan FROM main_production.users ORDER BY user_id', [
    { user_id: 1, identity: null, email: 'old@x', plan: 'free' },
    { user_id: 2, identity: null, email: null, plan: null },
    { user_id: carla, identity: 'carla', email: 'new@x', plan: null },
  ]);
  await untilRows('SELECT account_id, properties.tier AS tier FROM cairn.account_properties', [
    { account_id: 'acme', tier: 1 },
  ]);

  await send('identity.migrations', [migration(1, 'carla')]);
  await untilRows('SELECT user_id, identity, email, plan FROM main_production.users ORDER BY user_id', [
    { user_id: 2, identity: null, email: null, plan: null },
    { user_id: carla, identity: 'carla', email: 'new@x', plan: 'free' },
  ]);
  await untilRows(
    'SELECT user_id, count() AS n FROM main_production.all_events GROUP BY user_id ORDER BY user_id',
    [
      { user_id: 2, n: 1 },
      { user_id: carla, n: 3 },
    ],
  );
  await untilRows('SELECT uniqExact(user_id) AS n FROM cairn.resolved_events', [{ n: 2 }]);
  await untilRows('SELECT DISTINCT user_id FROM main_production.sessions', [{ user_id: carla }]);

  await send('sessions', [
    session({ device_id: 1, session_id: 6, event_id: 12, merged_into: 5 }),
    session({ device_id: 1, session_id: 5, event_id: 11, event_count: 2, utm_source: 'ad', absorbed: [6] }),
  ]);
  await untilRows(
    'SELECT event_id, session_id, utm_source FROM main_production.sign_up_click ORDER BY event_id',
    [
      { event_id: 12, session_id: 5, utm_source: 'ad' },
      { event_id: 13, session_id: null, utm_source: null },
    ],
  );
  await untilRows('SELECT session_id FROM main_production.sessions', [{ session_id: 5 }]);
});

test('a binding that does not count has no effect in any view', async () => {
  const dora = canonicalUserId(1, 'dora');
  const thief = canonicalUserId(1, 'thief');
  await send('identity.migrations', [
    ...Array.from({ length: 11 }, (_, index) => migration(100 + index, 'dora', { bound_at: T0 + index })),
    // Dora's public id as the anonymous id of a thief.
    migration(dora, 'thief'),
  ]);
  await untilRows(
    `SELECT from_user_id, reason FROM cairn.user_migrations FINAL WHERE to_user_id IN (${dora}, ${thief}) AND counts = 0 ORDER BY from_user_id`,
    [
      { from_user_id: 110, reason: 'limit_of_10_in_30_days' },
      { from_user_id: dora, reason: 'canonical_id' },
    ],
  );
  await untilRows(`SELECT count() AS n FROM main_production.user_migrations WHERE to_user_id = ${dora}`, [
    { n: 10 },
  ]);
  await untilRows(
    `SELECT identity FROM main_production.users WHERE user_id IN (${dora}, ${thief}, 110) ORDER BY identity`,
    [{ identity: 'dora' }, { identity: null }],
  );
});

test('a record that cannot be read and a row that ClickHouse refuses end as dead letters', async () => {
  const before = await rows<{ n: number }>('SELECT count() AS n FROM cairn.events');
  await send('events.sessionized', [
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
  await untilRows(
    "SELECT toString(properties) AS p FROM cairn.events WHERE name IN ('fine', 'torn', 'big') ORDER BY event_id",
    [{ p: '{}' }, { p: '{"a":1}' }, { p: '{"n":100000000000000000000,"s":"�"}' }],
  );
  assert.equal((await rows<{ n: number }>('SELECT count() AS n FROM cairn.events'))[0]!.n, before[0]!.n + 3);
  const letters: { code: string; offset: number; stage: string }[] = [];
  const consumer = kafka.consumer({ groupId: 'test.rejected' });
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
    'loader corrupt',
    'loader not_framed',
    'loader refused_by_clickhouse',
  ]);
});

/** Sum of the loader's committed counters of a topic, and whether all of it is committed. */
async function committed(topic: string): Promise<{ counts: Record<string, number>; isAll: boolean }> {
  const [offsets] = await admin.fetchOffsets({ groupId: 'loader.g1', topics: [topic] });
  const ends = await admin.fetchTopicOffsets(topic);
  const counts: Record<string, number> = {};
  let isAll = true;
  for (const { partition, offset, metadata } of offsets!.partitions) {
    isAll &&= offset === ends.find((end) => end.partition === partition)!.high;
    for (const [outcome, count] of Object.entries(JSON.parse(metadata || '{"counts":{}}').counts)) {
      counts[outcome] = (counts[outcome] ?? 0) + (count as number);
    }
  }
  return { counts, isAll };
}

test('a loader that is killed again and again loads every record exactly once', async () => {
  const EVENTS = 20_000;
  const MONTH_MS = 31 * 24 * 60 * 60 * 1000;
  const topic = topicInKafka('events.sessionized', 1);
  const countRows = async () =>
    (await rows<{ n: number }>("SELECT count() AS n FROM cairn.events WHERE name = 'crash'"))[0]!.n;
  const settings = { CAIRN_LOADER_BATCH_ROWS: '100', CAIRN_LOADER_FLUSH_MS: '5' };
  await stopLoader('SIGKILL');
  await startLoader(settings);
  const producing = (async () => {
    for (let at = 0; at < EVENTS; at += 1000) {
      await send(
        'events.sessionized',
        Array.from({ length: 1000 }, (_, index) =>
          event({
            device_id: 1000 + ((at + index) % 700),
            event_id: 1_000_000 + at + index,
            name: 'crash',
            // Several months: one insert goes into several partitions of the table.
            time: T0 - ((at + index) % 5) * MONTH_MS,
            properties: `{"n":${at + index}}`,
          }),
        ),
      );
    }
  })();
  for (const share of [0.1, 0.4, 0.7]) {
    // Rows show when an insert is done and its commit is not: the moment to kill.
    await until('more rows', async () => (await countRows()) >= share * EVENTS);
    await stopLoader('SIGKILL');
    await startLoader(settings);
  }
  await producing;
  const { counts } = await until('all offsets to be committed', async () => {
    const state = await committed(topic);
    return state.isAll && state;
  });
  assert.deepEqual(
    await rows(
      "SELECT count() AS n, uniqExact(event_id) AS events, sum(properties.n::UInt64) AS total FROM cairn.events WHERE name = 'crash'",
    ),
    [{ n: EVENTS, events: EVENTS, total: (EVENTS * (EVENTS - 1)) / 2 }],
  );
  const [all] = await rows<{ n: number }>('SELECT count() AS n FROM cairn.events');
  assert.equal(counts['event.loaded'], all!.n);
});

test('an insert that ClickHouse finishes after its loader was killed is not made twice', async () => {
  const topic = topicInKafka('events.sessionized', 1);
  const before = (await rows<{ n: number }>('SELECT count() AS n FROM cairn.events'))[0]!.n;
  await backend.clickhouse.pause();
  try {
    await send(
      'events.sessionized',
      Array.from({ length: 500 }, (_, index) =>
        event({ device_id: 2000 + index, event_id: 2_000_000 + index, name: 'stopped' }),
      ),
    );
    await until('inserts to be announced', async () => {
      const [offsets] = await admin.fetchOffsets({ groupId: 'loader.g1', topics: [topic] });
      return offsets!.partitions.every(({ metadata }) => JSON.parse(metadata ?? '{}').intent !== undefined);
    });
    await stopLoader('SIGKILL');
  } finally {
    await backend.clickhouse.resume();
  }
  await startLoader();
  await until('all offsets to be committed', async () => (await committed(topic)).isAll);
  assert.deepEqual(await rows('SELECT count() AS n, uniqExact(event_id) AS events FROM cairn.events'), [
    { n: before + 500, events: before + 500 },
  ]);
});

test('a loader whose offsets were set back refuses to start', async () => {
  await stopLoader('SIGTERM');
  const topic = topicInKafka('events.sessionized', 1);
  await until('the group to be empty', async () => {
    const { groups } = await admin.describeGroups(['loader.g1']);
    return groups[0]!.state === 'Empty';
  });
  await admin.setOffsets({ groupId: 'loader.g1', topic, partitions: [{ partition: 0, offset: '0' }] });
  const child = forkLoader();
  const [code] = await once(child, 'exit');
  assert.equal(code, 78);
});
