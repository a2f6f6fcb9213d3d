import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { dictionariesOf } from '../../services/loader/core/resolver-sql.ts';
import { SQUASHED_TABLES, staleSql, UNDER_WAY_SQL } from '../../services/loader/core/squash-sql.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { PatientClickHouse } from '../../services/loader/shell/patient-clickhouse.ts';
import { Squasher } from '../../services/loader/shell/squasher.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const EVENTS = 1_000_000;
const DEVICES = 200_000;
const HOUR_MS = 60 * 60_000;
const log = createLogger('test', 'error');

let backend: Backend;
let clickHouse: ClickHouse;

/** A squasher that has the bindings' partitions, and whose own rounds never come. */
function openSquasher(t: TestContext) {
  const metrics = new LoaderMetrics();
  const patient = new PatientClickHouse({ clickHouse, log, metrics });
  const squasher = new Squasher({ patient, generation: 1, intervalMs: HOUR_MS, metrics, log });
  t.after(() => squasher.stop());
  squasher.own(true);
  return {
    squasher,
    squashed: async () => {
      const { values } = await metrics.squashed.get();
      return values.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql);
const staleRows = async () => {
  const tables = await Promise.all(
    SQUASHED_TABLES.map((table) => rows<{ rows: string }>(staleSql(table, 1))),
  );
  return tables.flat().reduce((sum, partition) => sum + Number(partition.rows), 0);
};

/** What readers see, as one text. */
const answers = async () =>
  JSON.stringify(
    await rows(`SELECT * FROM (SELECT 'events' AS of, count() AS n, uniqExact(user_id) AS users, sum(cityHash64(event_id, user_id)) AS checksum
FROM main_production.all_events
UNION ALL SELECT 'sessions', count(), uniqExact(user_id), sum(cityHash64(session_id, user_id)) FROM main_production.sessions
UNION ALL SELECT 'users', count(), uniqExact(user_id), sum(cityHash64(user_id, identity)) FROM main_production.users)
ORDER BY of`),
  );

/** The user of a device as the bindings below say it: those of every third device that has one do not count. */
const BINDINGS = `SELECT 1 AS generation, 1 AS environment, number AS from_user_id, 1000000000 + intDiv(number, 10) AS to_user_id,
  concat('user ', toString(intDiv(number, 10))) AS identity, toDateTime64('2026-01-01', 3, 'UTC') AS bound_at, bound_at AS time,
  number % 3 != 0 AS counts, if(counts, '', 'limit_of_10_in_30_days') AS reason, 1 AS version
FROM numbers(${DEVICES}) WHERE number % 2 = 0`;

before(async () => {
  backend = await startBackend();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
  const options = { names: new NameRegistry(), reader: undefined, log, metrics: new LoaderMetrics() };
  await new ViewKeeper({ ...options, generation: 1, environments: DEFAULT_ENVIRONMENTS }).start(clickHouse);
  await clickHouse.command(`INSERT INTO cairn.user_migrations (generation, environment, from_user_id, to_user_id, identity,
  bound_at, time, counts, reason, version) ${BINDINGS}`);
  for (const { name } of dictionariesOf(1))
    await clickHouse.command(`SYSTEM RELOAD DICTIONARY cairn.${name}`);
  // Half of the events of a bound device were processed before its identify and carry its own id, the other half
  // the identity's, whether or not the binding counts.
  await clickHouse.command(`INSERT INTO cairn.events (generation, environment, event_id, device_id, user_id, time, event_table_name)
SELECT 1, 1, number, number % ${DEVICES} AS device, if(device % 2 = 0 AND number >= ${EVENTS / 2}, 1000000000 + intDiv(device, 10), device),
  toDateTime64('2026-01-01', 3, 'UTC') + toIntervalDay(number % 40), 'visit' FROM numbers(${EVENTS})`);
  await clickHouse.command(`INSERT INTO cairn.sessions (generation, environment, session_id, device_id, user_id, started_at, \`_offset\`)
SELECT 1, 1, number, number, number, toDateTime64('2026-01-01', 3, 'UTC'), number FROM numbers(${DEVICES})`);
});

after(() => backend?.stop());

test('the squash brings stored user ids up to what readers see, and readers see the same before, during and after', async (t) => {
  const expected = await answers();
  assert.ok((await staleRows()) > EVENTS / 4);
  const { squasher, squashed } = openSquasher(t);
  let isOver = false;
  const round = squasher.round().finally(() => {
    isOver = true;
  });
  let looks = 0;
  while (!isOver) {
    assert.equal(await answers(), expected);
    looks += 1;
  }
  await round;
  assert.ok(looks > 1, `readers looked ${looks} times during the round`);
  assert.equal(await staleRows(), 0);
  assert.equal(await answers(), expected);

  const once = await squashed();
  await squasher.round();
  assert.equal(await squashed(), once, 'a second round finds nothing to do');
});

test('a squash goes on after ClickHouse was killed in it, and changes no answer', async (t) => {
  // Every binding turns: those that counted count no more, and the other way round.
  await clickHouse.command(`INSERT INTO cairn.user_migrations (generation, environment, from_user_id, to_user_id, identity,
  bound_at, time, counts, reason, version)
SELECT generation, environment, from_user_id, to_user_id, identity, bound_at, time, NOT counts, '', 2 FROM (${BINDINGS})`);
  for (const { name } of dictionariesOf(1))
    await clickHouse.command(`SYSTEM RELOAD DICTIONARY cairn.${name}`);
  const expected = await answers();
  const stale = await staleRows();
  assert.ok(stale > EVENTS / 4);
  const { squasher } = openSquasher(t);
  const round = squasher.round();
  await until('a rewrite to be under way', async () => (await rows(UNDER_WAY_SQL)).length > 0);
  await backend.clickhouse.killAndRestart();
  await until('ClickHouse to answer', async () => (await answers()) === expected);
  await round;
  assert.equal(await staleRows(), 0);
  assert.equal(await answers(), expected);
});

test('a loader that has no bindings’ partitions squashes nothing', async (t) => {
  await clickHouse.command(
    "INSERT INTO cairn.events (generation, environment, event_id, device_id, user_id, time) VALUES (1, 1, 1, 2, 7, '2026-01-01')",
  );
  const { squasher } = openSquasher(t);
  squasher.own(false);
  await squasher.round();
  assert.equal(await staleRows(), 1);
});
