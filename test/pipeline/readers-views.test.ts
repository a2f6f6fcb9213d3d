import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { ChunkBuilder } from '../../services/loader/core/chunk-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { dictionariesOf, reloadRecentSql } from '../../services/loader/core/resolver-sql.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { runResolverSql } from '../../services/loader/shell/run-resolver-sql.ts';
import { insertRows } from '../../services/loader/shell/table-inserter.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
import { type Backend, startBackend } from '../support/backend.ts';

const T0 = Date.UTC(2026, 0, 1);
const REPLACEMENTS = 100;
const log = createLogger('test', 'error');
const metrics = new LoaderMetrics();

let backend: Backend;
let clickHouse: ClickHouse;
let offset = 0;

/** What one loader process has in memory. */
function openLoader(generation = 1) {
  const names = new NameRegistry();
  const views = new ViewKeeper({
    generation,
    environments: DEFAULT_ENVIRONMENTS,
    names,
    reader: undefined,
    log,
    metrics,
  });
  const builder = new ChunkBuilder({ generation, names });
  return {
    views,
    /** Inserts records as a loader does, under one token. */
    async load(records: readonly Partial<Collected>[], token = `${offset}`) {
      const built = builder.build(
        'events.sessionized',
        0,
        records.map((record) => {
          offset += 1;
          const value = collectedCodec.encode({
            environment: 1,
            kind: 'event',
            time: T0,
            received_at: T0,
            type: record.name ?? '',
            ...record,
          });
          const place = { originPartition: 0, originOffset: offset };
          return { offset: BigInt(offset), bytes: 0, key: null, value, timestampMs: T0 + offset, ...place };
        }),
      );
      assert.deepEqual(built.refusals, []);
      for (const rows of built.tables) {
        assert.deepEqual(await insertRows(clickHouse, rows, `${token} ${rows.table.table}`), []);
      }
      await views.flushNames(clickHouse);
    },
  };
}

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 });

before(async () => {
  backend = await startBackend();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

after(() => backend?.stop());

test('loaders that start at once, with an empty ClickHouse, do not get in each other’s way', async () => {
  await Promise.all([1, 2, 3].map(() => openLoader().views.start(clickHouse)));
  assert.deepEqual(await rows('SELECT count() AS n FROM main_production.users'), [{ n: 0 }]);
});

test('a loader that starts leaves dictionaries alone unless their definition is another', async () => {
  const named = (name: string) =>
    rows<{ uuid: string; comment: string }>(
      `SELECT toString(uuid) AS uuid, comment FROM system.dictionaries WHERE database = 'cairn' AND name = '${name}'`,
    );
  await openLoader().views.start(clickHouse);
  const first = await named('identities_g1');
  await openLoader().views.start(clickHouse);
  assert.deepEqual(await named('identities_g1'), first);

  const older = "SOURCE(CLICKHOUSE(QUERY 'SELECT 1 AS key, 2 AS user_id')) LAYOUT(HASHED()) LIFETIME(0)";
  await clickHouse.command(
    `CREATE OR REPLACE DICTIONARY cairn.identities_g1 (key UInt64, user_id UInt64) PRIMARY KEY key ${older} COMMENT 'x'`,
  );
  await openLoader().views.start(clickHouse);
  const [mended] = await named('identities_g1');
  assert.equal(mended?.comment, first[0]?.comment);
  assert.deepEqual(
    await rows(`SELECT dictGetOrDefault('cairn.identities_g1', 'user_id', toUInt64(1), toUInt64(0)) AS id`),
    [{ id: 0 }],
  );
});

test('a reload that meets a dictionary as another loader replaces it is tried again', async () => {
  const definition = dictionariesOf(1).find(({ name }) => name === 'recent_identities_g1');
  assert.ok(definition !== undefined);
  await openLoader().views.start(clickHouse);
  let isReplacing = true;
  const reloading = [1, 2, 3, 4].map(async () => {
    while (isReplacing) await runResolverSql(clickHouse, reloadRecentSql(1));
  });
  for (let count = 0; count < REPLACEMENTS; count += 1) await clickHouse.command(definition.sql);
  isReplacing = false;
  await Promise.all(reloading);
  await assert.rejects(runResolverSql(clickHouse, reloadRecentSql(77)), /not found/);
});

test('any property name is kept as it was sent, and read by it', async () => {
  const properties: Record<string, unknown> = Object.fromEntries([
    ['a', 1],
    ['a.b', 2],
    ['.', 3],
    ['^x', 4],
    ['a`b', 5],
    ['a"b', 6],
    ["a'b", 7],
    ['a\\b', 8],
    ['a\nb', 9],
    ['😀', 10],
    ['', 11],
    ['__proto__', 12],
    ['constructor', 13],
    ['date', '2020-01-01'],
    ['number as text', '0123'],
    ['', 14],
  ]);
  const loader = openLoader();
  await loader.views.start(clickHouse);
  await loader.load([{ device_id: 1, event_id: 1, name: 'names', properties: JSON.stringify(properties) }]);
  for (const [name, value] of Object.entries(properties)) {
    const hex = Buffer.from(name).toString('hex').toUpperCase();
    assert.deepEqual(
      await rows(
        `SELECT toString(getSubcolumn(properties, unhex('${hex}'))) AS value FROM cairn.events WHERE name = 'names'`,
      ),
      [{ value: String(value) }],
      name,
    );
  }
  const [row] = await rows<Record<string, unknown>>('SELECT * FROM main_production.names');
  assert.equal(row!['a'], 1);
  assert.equal(row!['__proto___property'] ?? row!['_proto_'], 12);
  assert.equal(row!['date'], '2020-01-01');
});

test('no property name stops the views from being made: what they cannot show they leave out', async () => {
  const loader = openLoader();
  await loader.views.start(clickHouse);
  const names = [
    'changed_at',
    'last_modified',
    'user_id',
    'p',
    'c',
    '^`a`',
    'x.:`String`',
    ':`',
    'a@`b`',
    'fine',
  ];
  for (const [index, value] of ['"text"', '1', 'true'].entries()) {
    const properties = `{${names.map((name) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
    await loader.load([
      { device_id: 20 + index, event_id: 20 + index, name: `names ${index}`, properties },
      { device_id: 20 + index, event_id: 30 + index, kind: 'user_properties', properties },
    ]);
  }
  assert.deepEqual(
    await rows(
      'SELECT changed_at, fine FROM main_production.users WHERE user_id BETWEEN 20 AND 22 ORDER BY user_id',
    ),
    ['text', '1', 'true'].map((value) => ({ changed_at: value, fine: value })),
  );
  assert.deepEqual(await rows('SELECT changed_at, fine FROM main_production.names_1'), [
    { changed_at: 1, fine: 1 },
  ]);
});

test('the sessions of device 0 are those of any other device', async () => {
  await openLoader().load([{ device_id: 0, session_id: 7, event_id: 40, name: 'zero' }]);
  assert.deepEqual(
    await rows("SELECT user_id, session_id FROM main_production.all_events WHERE name = 'zero'"),
    [{ user_id: 0, session_id: 7 }],
  );
});

test('a property that changes its type becomes text, and its view answers at every moment', async () => {
  const loader = openLoader();
  await loader.views.start(clickHouse);
  await loader.load([{ device_id: 1, event_id: 3, name: 'typed', properties: '{"v":1.5}' }]);
  const sql = 'SELECT v FROM main_production.typed ORDER BY event_id';
  assert.deepEqual(await rows(sql), [{ v: 1.5 }]);
  // The rows are there and the view is not yet made anew, as in the moment between insert and DDL.
  await clickHouse.insert(
    'INSERT INTO cairn.events (generation, environment, event_id, event_table_name, properties) FORMAT JSONEachRow',
    Buffer.from(
      '{"generation":1,"environment":1,"event_id":4,"event_table_name":"typed","properties":{"v":"x"}}',
    ),
  );
  assert.deepEqual(await rows(sql), [{ v: 1.5 }, { v: null }]);
  await loader.load([{ device_id: 1, event_id: 5, name: 'typed', properties: '{"v":"y"}' }]);
  assert.deepEqual(await rows(sql), [{ v: '1.5' }, { v: 'x' }, { v: 'y' }]);
});

test('two loaders that meet different names at once end with one view that has both', async () => {
  const loaders = [openLoader(), openLoader()];
  for (const { views } of loaders) await views.start(clickHouse);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(
      loaders.map((loader, index) =>
        loader.load([
          {
            device_id: 1,
            event_id: 100 + round * 2 + index,
            name: 'both',
            properties: `{"p${round}_${index}":1}`,
          },
        ]),
      ),
    );
  }
  const columns = await rows<{ name: string }>(
    "SELECT name FROM system.columns WHERE database = 'main_production' AND table = 'both' AND match(name, '^p[0-4]_[01]$')",
  );
  assert.equal(columns.length, 10);
});

test('the same block under the same token is stored once, over several months', async () => {
  await openLoader().views.start(clickHouse);
  const block = Array.from({ length: 100 }, (_, index) => ({
    device_id: index,
    event_id: 1000 + index,
    name: 'twice',
    time: T0 - (index % 4) * 40 * 24 * 60 * 60 * 1000,
  }));
  await openLoader().load(block, 'twice');
  await openLoader().load(block, 'twice');
  assert.deepEqual(await rows("SELECT count() AS n FROM cairn.events WHERE name = 'twice'"), [{ n: 100 }]);
});

test('ClickHouse and the schemas agree on the canonical id of an identity', async () => {
  const identities = ['a@b.c', 'Zoë ✓', 'x'.repeat(255)];
  await openLoader().load(
    identities.map((identity) => ({
      device_id: canonicalUserId(1, identity),
      identity,
      name: 'canonical',
      source: 'server',
    })),
  );
  // A device that names an identity it is not the canonical id of.
  await openLoader().load([{ device_id: 5, identity: 'a@b.c', name: 'canonical' }]);
  const known = await rows<{ identity: string }>(
    `SELECT DISTINCT identity FROM cairn.devices WHERE identity != ''`,
  );
  assert.deepEqual(known.map(({ identity }) => identity).sort(), identities.toSorted());
});

const binding = (from: number, identity: string) => ({
  environment: 1,
  from_user_id: from,
  to_user_id: canonicalUserId(1, identity),
  identity,
  bound_at: T0,
  time: T0,
  source: 'web',
  event_id: 0,
  origin_partition: 0,
  origin_offset: 0,
  counts: 1,
  reason: '',
  partition: 0,
  offset: 0,
});

test('a merge shows as soon as it is written, before and after the large dictionary takes it over', async () => {
  const resolver = new IdentityResolver({ generation: 1, metrics, mostRecent: 1 });
  const userOf = async (device: number) =>
    (
      await rows<{ user_id: number }>(
        `SELECT DISTINCT user_id FROM main_production.all_events WHERE device_id = ${device} AND event_table_name = 'twice'`,
      )
    )[0]?.user_id;
  for (const device of [11, 12, 13]) {
    await resolver.add(clickHouse, [binding(device, `user ${device}`)], {
      insert_deduplication_token: `binding ${device}`,
    });
    assert.equal(await userOf(device), canonicalUserId(1, `user ${device}`));
    await resolver.rebase(clickHouse);
    assert.equal(await userOf(device), canonicalUserId(1, `user ${device}`));
  }
  await clickHouse.command(reloadRecentSql(1));
  assert.equal(await userOf(11), canonicalUserId(1, 'user 11'));
  assert.equal(await userOf(14), 14);
});

test('a device that becomes known as an identity’s own id loses the binding it had', async () => {
  const resolver = new IdentityResolver({ generation: 1, metrics });
  const victim = canonicalUserId(1, 'victim');
  const userOfVictim = () =>
    rows<{ user_id: number }>(
      "SELECT user_id FROM main_production.all_events WHERE event_table_name = 'secret'",
    );
  await resolver.add(clickHouse, [binding(victim, 'thief')], { insert_deduplication_token: 'theft' });
  await openLoader().load([{ device_id: victim, identity: 'victim', name: 'secret', source: 'server' }]);
  assert.deepEqual(await userOfVictim(), [{ user_id: canonicalUserId(1, 'thief') }]);
  await resolver.recheck(clickHouse);
  assert.deepEqual(await userOfVictim(), [{ user_id: victim }]);
});

test('ten thousand property names of one event are kept, and the oldest thousand of an environment have columns', async () => {
  const loader = openLoader();
  await loader.views.start(clickHouse);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key ${index}`, index]));
  await loader.load([{ device_id: 1, event_id: 2, name: 'many', properties: JSON.stringify(many) }]);
  assert.deepEqual(
    await rows(
      "SELECT length(JSONAllPaths(properties)) AS n, properties.`key 9999` AS last FROM cairn.events WHERE name = 'many'",
    ),
    [{ n: 10_000, last: 9999 }],
  );
  const [{ columns }] = (await rows(
    "SELECT count() AS columns FROM system.columns WHERE database = 'main_production' AND table = 'many' AND name LIKE 'key_%'",
  )) as [{ columns: number }];
  assert.ok(columns <= 1000 && columns > 900, `${columns} columns`);
});

test('a table that comes when its environment has no room for names is counted and logged once', async () => {
  const names = new NameRegistry();
  const row = { environment: 1, scope: 'event_property', types: 1, firstSeenMs: T0 } as const;
  names.load(
    Array.from({ length: 20_000 }, (_, index) => ({ ...row, tableName: 'early', name: `${index}` })),
  );
  const said: unknown[] = [];
  const own = new LoaderMetrics();
  const views = new ViewKeeper({
    generation: 1,
    environments: DEFAULT_ENVIRONMENTS,
    names,
    reader: undefined,
    log: pino({ level: 'warn' }, { write: (line: string) => said.push(JSON.parse(line).table) }),
    metrics: own,
  });
  for (const name of ['a', 'b']) {
    names.learn({ ...row, tableName: 'late', name });
    names.learn({ ...row, tableName: 'later', name });
    await views.flushNames(clickHouse);
  }
  assert.deepEqual(said, ['late', 'later']);
  const { values } = await own.namesLeftOut.get();
  assert.deepEqual(values, [{ labels: { environment: 'main_production' }, value: 2 }]);
});

test('one INSERT switches every view to another generation, with its own bindings', async () => {
  const second = openLoader(2);
  await second.views.start(clickHouse);
  await second.load([{ device_id: 11, event_id: 1, name: 'twice' }]);
  const sql =
    "SELECT user_id, count() AS n FROM main_production.all_events WHERE device_id = 11 AND event_table_name = 'twice' GROUP BY user_id";
  assert.deepEqual(await rows(sql), [{ user_id: canonicalUserId(1, 'user 11'), n: 1 }]);
  await clickHouse.command('INSERT INTO cairn.live VALUES (2, now64(6))');
  assert.deepEqual(await rows(sql), [{ user_id: 11, n: 1 }]);
  assert.deepEqual(await rows('SELECT count() AS n FROM cairn.resolved_events'), [{ n: 1 }]);
  await clickHouse.command('INSERT INTO cairn.live VALUES (1, now64(6))');
  const plan = await rows<{ explain: string }>(
    'EXPLAIN indexes = 1 SELECT count() FROM main_production.all_events',
  );
  assert.match(plan.map(({ explain }) => explain).join('\n'), /Condition: \(generation in \[1, 1\]\)/);
});
