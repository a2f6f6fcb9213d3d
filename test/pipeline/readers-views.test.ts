import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS, DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { dictionariesOf, reloadRecentSql } from '../../services/loader/core/resolver-sql.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { runResolverSql } from '../../services/loader/shell/run-resolver-sql.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { openLoader, T0 } from '../support/loader-in-memory.ts';

const REPLACEMENTS = 100;
const metrics = new LoaderMetrics();

let backend: Backend;
let clickHouse: ClickHouse;

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 });

before(async () => {
  backend = await startBackend();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

after(() => backend?.stop());

test('loaders that start at once, with an empty ClickHouse, do not get in each other’s way', async () => {
  await Promise.all([1, 2, 3].map(() => openLoader(clickHouse).start()));
  assert.deepEqual(await rows('SELECT count() AS n FROM main_production.users'), [{ n: 0 }]);
});

test('a loader that starts leaves dictionaries alone unless their definition is another', async () => {
  const named = (name: string) =>
    rows<{ uuid: string; comment: string }>(
      `SELECT toString(uuid) AS uuid, comment FROM system.dictionaries WHERE database = 'cairn' AND name = '${name}'`,
    );
  await openLoader(clickHouse).start();
  const first = await named('identities_g1');
  await openLoader(clickHouse).start();
  assert.deepEqual(await named('identities_g1'), first);

  const older = "SOURCE(CLICKHOUSE(QUERY 'SELECT 1 AS key, 2 AS user_id')) LAYOUT(HASHED()) LIFETIME(0)";
  await clickHouse.command(
    `CREATE OR REPLACE DICTIONARY cairn.identities_g1 (key UInt64, user_id UInt64) PRIMARY KEY key ${older} COMMENT 'x'`,
  );
  await openLoader(clickHouse).start();
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
  await openLoader(clickHouse).start();
  let isReplacing = true;
  const reloading = [1, 2, 3, 4].map(async () => {
    while (isReplacing) await runResolverSql(clickHouse, reloadRecentSql(1));
  });
  for (let count = 0; count < REPLACEMENTS; count += 1) await clickHouse.command(definition.sql);
  isReplacing = false;
  await Promise.all(reloading);
  await assert.rejects(runResolverSql(clickHouse, reloadRecentSql(77)), /not found/);
});

test('the sessions of device 0 are those of any other device', async () => {
  await openLoader(clickHouse).load([{ device_id: 0, session_id: 7, event_id: 40, name: 'zero' }]);
  assert.deepEqual(
    await rows("SELECT user_id, session_id FROM main_production.all_events WHERE name = 'zero'"),
    [{ user_id: 0, session_id: 7 }],
  );
});

test('two loaders that meet different names at once end with one view that has both', async () => {
  const loaders = [openLoader(clickHouse), openLoader(clickHouse)];
  for (const loader of loaders) await loader.start();
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
  await openLoader(clickHouse).start();
  const block = Array.from({ length: 100 }, (_, index) => ({
    device_id: index,
    event_id: 1000 + index,
    name: 'twice',
    time: T0 - (index % 4) * 40 * 24 * 60 * 60 * 1000,
  }));
  await openLoader(clickHouse).load(block, 'twice');
  await openLoader(clickHouse).load(block, 'twice');
  assert.deepEqual(await rows("SELECT count() AS n FROM cairn.events WHERE name = 'twice'"), [{ n: 100 }]);
});

test('ClickHouse and the schemas agree on the canonical id of an identity', async () => {
  const identities = ['a@b.c', 'Zoë ✓', 'x'.repeat(255)];
  await openLoader(clickHouse).load(
    identities.map((identity) => ({
      device_id: canonicalUserId(1, identity),
      identity,
      name: 'canonical',
      source: 'server',
    })),
  );
  // A device that names an identity it is not the canonical id of.
  await openLoader(clickHouse).load([{ device_id: 5, identity: 'a@b.c', name: 'canonical' }]);
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
  await openLoader(clickHouse).load([
    { device_id: victim, identity: 'victim', name: 'secret', source: 'server' },
  ]);
  assert.deepEqual(await userOfVictim(), [{ user_id: canonicalUserId(1, 'thief') }]);
  await resolver.recheck(clickHouse);
  assert.deepEqual(await userOfVictim(), [{ user_id: victim }]);
});

test('the property that names accounts can be set, changed and taken away: each start writes the views anew', async () => {
  const started = async (accountIdProperty: string) => {
    const [environment] = DEFAULT_ENVIRONMENTS;
    const options = { ...DEFAULT_OPTIONS, accountIdProperty };
    await openLoader(clickHouse, 1, [{ ...environment!, options }]).start();
    return rows(
      `SELECT * EXCEPT (first_seen, last_modified) FROM main_production.accounts ORDER BY account_id`,
    );
  };
  await openLoader(clickHouse).load([
    { device_id: 80, event_id: 80, kind: 'user_properties', properties: '{"company":"a","team":7}' },
    { device_id: 81, event_id: 81, kind: 'account_properties', account_id: '7', properties: '{"size":3}' },
  ]);
  const sent = { account_id: '7', user_count: 0, size: 3 };
  assert.deepEqual(await started(''), [sent]);
  assert.deepEqual(await started('company'), [sent, { account_id: 'a', user_count: 1, size: null }]);
  assert.deepEqual(await started('team'), [{ ...sent, user_count: 1 }]);
  assert.deepEqual(
    await rows('SELECT account_id, account_size FROM main_production.users WHERE user_id = 80'),
    [{ account_id: '7', account_size: 3 }],
  );
  assert.deepEqual(await started(''), [sent]);
  const columns = "SELECT count() AS n FROM system.columns WHERE table = 'users' AND name LIKE 'account_%'";
  assert.deepEqual(await rows(columns), [{ n: 0 }]);
});

test('an event that had the table of a name reserved since does not take its view', async () => {
  await clickHouse.command(
    "INSERT INTO cairn.names (environment, scope, table_name, name) VALUES (1, 'event', 'accounts', 'Accounts')",
  );
  await openLoader(clickHouse).start();
  assert.deepEqual(await rows('SELECT account_id FROM main_production.accounts'), [{ account_id: '7' }]);
});

test('an installation of before users had initial_* has them of the sessions that are there', async () => {
  await openLoader(clickHouse).load([{ device_id: 70, event_id: 70, name: 'old' }]);
  await clickHouse.command('DROP VIEW cairn.devices_from_sessions');
  await clickHouse.command('DROP TABLE cairn.upgrades');
  await clickHouse.command('ALTER TABLE cairn.devices DROP COLUMN initial');
  const insert = (rest: string) =>
    clickHouse.command(
      `INSERT INTO cairn.sessions (generation, environment, device_id, session_id, started_at, utm_source, merged_into, \`_offset\`) VALUES ${rest}`,
    );
  await insert(
    "(1, 1, 70, 1, 5000, 'second', 0, 1), (1, 1, 70, 2, 4000, 'first', 0, 2), (1, 1, 70, 3, 3000, 'absorbed', 1, 3)",
  );
  const initial = () => rows('SELECT initial_utm_source FROM main_production.users WHERE user_id = 70');
  await openLoader(clickHouse).start();
  assert.deepEqual(await initial(), [{ initial_utm_source: 'first' }]);
  // A newer row of the same session, and a session of a device that has no event yet.
  await insert("(1, 1, 70, 2, 4000, 'better', 0, 9), (1, 1, 987654, 2, 4000, 'unseen', 0, 10)");
  assert.deepEqual(await initial(), [{ initial_utm_source: 'better' }]);
  assert.deepEqual(await rows('SELECT user_id FROM main_production.users WHERE user_id = 987654'), []);
});

test('one INSERT switches every view to another generation, with its own bindings', async () => {
  const second = openLoader(clickHouse, 2);
  await second.start();
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
