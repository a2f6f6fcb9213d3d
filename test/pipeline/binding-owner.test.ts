/** Who judges bindings, and whose verdict counts where two loaders hold themselves for the owner. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import {
  DEFAULT_ENVIRONMENTS,
  DEFAULT_OPTIONS,
  type Environment,
  type IdentifyLimit,
} from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { LoadRecord } from '../../services/loader/core/chunk-rows.ts';
import { REPEAT_SETTINGS } from '../../services/loader/core/columns.ts';
import { decodeMigrations } from '../../services/loader/core/migration-rows.ts';
import { canonicalSql } from '../../services/loader/core/migration-sql.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { CrowdWatch } from '../../services/loader/shell/crowd-watch.ts';
import { createIdentityLoader } from '../../services/loader/shell/identity-loader.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { PatientClickHouse } from '../../services/loader/shell/patient-clickhouse.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
import { verdictsOf } from '../model/binding-oracle.ts';
import { event, type LoaderStage, migration, startLoaderStage, T0 } from '../support/loader-stage.ts';

const RECHECK_MS = 10_000;
const log = createLogger('test', 'error');
const metrics = new LoaderMetrics();

let stage: LoaderStage;
let clickHouse: ClickHouse;

before(async () => {
  stage = await startLoaderStage();
  await stage.start();
  clickHouse = createClickHouse({ url: stage.backend.clickhouseUrl });
});

after(() => stage?.stop());

const verdictSql = (generation: number, device: number) =>
  `SELECT counts, reason FROM cairn.user_migrations FINAL WHERE generation = ${generation} AND from_user_id = ${device}`;
const COUNTS = [{ counts: 1, reason: '' }];
const DOES_NOT = [{ counts: 0, reason: 'canonical_id' }];

/** A generation whose bindings this process judges, beside the loader that runs. */
async function openGeneration(generation: number): Promise<void> {
  const names = new NameRegistry();
  const environments = DEFAULT_ENVIRONMENTS;
  await new ViewKeeper({ generation, environments, names, reader: undefined, log, metrics }).start(
    clickHouse,
  );
}

/** A thief binds the public id of somebody who is not known yet. */
function theft(victim: string): { device: number; record: LoadRecord } {
  const device = canonicalUserId(1, victim);
  const { key, value } = migration(device, 'thief');
  const place = { offset: 0n, originPartition: 0, originOffset: 0 };
  return { device, record: { ...place, bytes: value.length, key, value, timestampMs: T0 } };
}

/** The victim becomes known: from then on the binding does not count. */
async function know(generation: number, victim: string): Promise<void> {
  await clickHouse.command(`INSERT INTO cairn.devices (generation, environment, device_id, first_seen, last_seen, identity, noted_at) SELECT
${generation}, 1, ${canonicalUserId(1, victim)}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '${victim}', now64(3, 'UTC')`);
}

test('a loader that was given the bindings’ partitions looks bindings over that another has loaded', async () => {
  const dora = canonicalUserId(1, 'dora');
  await stage.send('identity.migrations', [migration(dora, 'thief')]);
  await stage.untilRows(verdictSql(1, dora), COUNTS);
  await stage.kill('SIGTERM');
  await stage.start();
  await stage.send('events.sessionized', [
    event({ device_id: dora, event_id: 1, name: 'paid', source: 'server', identity: 'dora' }),
  ]);
  await stage.untilRows(verdictSql(1, dora), DOES_NOT);
});

test('a loader judges bindings as long as it has their partitions, and no longer', async (t) => {
  const generation = 5;
  await openGeneration(generation);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const identity = createIdentityLoader({
    patient: new PatientClickHouse({ clickHouse, log, metrics }),
    deadLetters: async () => undefined,
    generation,
    environments: DEFAULT_ENVIRONMENTS,
    crowds: new CrowdWatch({
      generation,
      environments: DEFAULT_ENVIRONMENTS,
      mostDevices: 1000,
      metrics,
      log,
    }),
    metrics,
    fail: (error) => assert.fail(error as Error),
  });
  const source = {
    name: 'identity.migrations',
    topic: `identity.migrations.g${generation}`,
    partition: 0,
  } as const;
  const load = (records: readonly LoadRecord[]) =>
    identity.load(source, { first: 0n, last: 0n }, records, () => true, false);
  /** Its time to look bindings over comes; an empty range waits its turn behind that. */
  async function lookOver(): Promise<void> {
    t.mock.timers.tick(RECHECK_MS);
    await load([]);
  }
  const { device, record } = theft('eve');
  try {
    identity.own(true);
    await load([record]);
    await know(generation, 'eve');
    identity.own(false);
    await lookOver();
    await stage.untilRows(verdictSql(generation, device), COUNTS);
    identity.own(true);
    await lookOver();
    await stage.untilRows(verdictSql(generation, device), DOES_NOT);
  } finally {
    await identity.stop();
  }
});

test('a verdict that was reached before a later one does not replace it, however late it is written', async () => {
  const generation = 6;
  await openGeneration(generation);
  const { device, record } = theft('ada');
  const { rows } = decodeMigrations(0, [record]);
  const successor = new IdentityResolver({ generation, metrics });
  const lastRead = canonicalSql(generation, 1, new Set([device]));
  /** Stands still after it has read what its verdict rests on, while its successor goes on. */
  const slow: ClickHouse = {
    ...clickHouse,
    async query<Row>(sql: string, settings?: Readonly<Record<string, string | number>>) {
      const answer = await clickHouse.query<Row>(sql, settings);
      if (sql === lastRead) {
        await know(generation, 'ada');
        await successor.add(clickHouse, rows, {});
      }
      return answer;
    },
  };
  await new IdentityResolver({ generation, metrics }).add(slow, rows, {});
  assert.deepEqual(await stage.rows(verdictSql(generation, device)), DOES_NOT);
});

/** Bindings of few identities, some of whose devices are ids of the others, in the chunks they come in. */
const histories = fc
  .uniqueArray(
    fc.record({
      from: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constantFrom('ann', 'bob', 'eve')),
      identity: fc.constantFrom('ann', 'ann', 'ann', 'bob', 'eve'),
      days: fc.nat(60),
      source: fc.constantFrom('server', 'server', 'server', 'web'),
    }),
    { selector: ({ from }) => from, minLength: 40, maxLength: 90, size: 'max' },
  )
  .map((all) => all.filter(({ from, identity }) => from !== identity));

const LIMITS: readonly (IdentifyLimit | null)[] = [
  { userIds: 3, days: 10 },
  { userIds: 10, days: 30 },
  null,
  { userIds: 5, days: 30 },
];

const limitedBy = (identifyLimit: IdentifyLimit | null): Environment[] => [
  { ...(DEFAULT_ENVIRONMENTS[0] as Environment), options: { ...DEFAULT_OPTIONS, identifyLimit } },
];

test('verdicts in the table are those of all bindings at once, in whatever chunks and orders they came, whatever the limit was', async () => {
  const generation = 7;
  await openGeneration(generation);
  const all = fc.sample(histories, { numRuns: 1, seed: 6 })[0]!;
  const ids = new Map(
    all.map((own) => [own, typeof own.from === 'number' ? own.from : canonicalUserId(1, own.from)]),
  );
  const bindings = all.map(({ identity, days, source }, at) => ({
    fromUserId: ids.get(all[at]!) as number,
    toUserId: canonicalUserId(1, identity),
    boundAtMs: T0 + days * 86_400_000,
    source,
  }));
  const canonicalIds = new Set(bindings.map(({ toUserId }) => toUserId));
  const agrees = async (limit: IdentifyLimit | null) => {
    const rows = await stage.rows<{ from: number; reason: string }>(
      `SELECT from_user_id AS from, reason FROM cairn.user_migrations FINAL WHERE generation = ${generation}`,
    );
    const reasons = new Map(rows.map(({ from, reason }) => [from, reason]));
    const expected = [...verdictsOf(bindings, canonicalIds, limit)];
    assert.deepEqual(
      expected.map(([{ fromUserId }]) => [fromUserId, reasons.get(fromUserId)]),
      expected.map(([{ fromUserId }, reason]) => [fromUserId, reason]),
    );
  };
  const rows = bindings.map(({ fromUserId, boundAtMs, source }, at) => {
    const { value } = migration(fromUserId, all[at]!.identity, { bound_at: boundAtMs, source });
    const record = { offset: BigInt(at), originPartition: 0, originOffset: at, bytes: 0, key: null, value };
    return decodeMigrations(0, [{ ...record, timestampMs: T0 }]).rows[0]!;
  });
  const [first] = LIMITS as [IdentifyLimit];
  // Each row that changes is written by itself, and the loader dies before every fifth insert.
  let inserts = 0;
  const dying: ClickHouse = {
    ...clickHouse,
    async insert(...insert) {
      inserts += 1;
      if (inserts % 5 === 0) throw new Error('The loader has died');
      await clickHouse.insert(...insert);
    },
  };
  const untilDone = async (
    limit: IdentifyLimit | null,
    work: (of: IdentityResolver, isRepeat: boolean) => Promise<void>,
  ) => {
    const open = () =>
      new IdentityResolver({ generation, metrics, environments: limitedBy(limit), mostRows: 1, mostRead: 3 });
    for (let resolver = open(), isRepeat = false; ; resolver = open(), isRepeat = true) {
      try {
        return await work(resolver, isRepeat);
      } catch (error) {
        assert.equal((error as Error).message, 'The loader has died');
      }
    }
  };
  for (let at = 0; at < rows.length; at += 7) {
    const chunk = rows.slice(at, at + 7);
    await untilDone(first, (resolver, isRepeat) => resolver.add(dying, chunk, REPEAT_SETTINGS, isRepeat));
  }
  await agrees(first);
  for (const limit of LIMITS.slice(1)) {
    inserts = 0;
    await new IdentityResolver({
      generation,
      metrics,
      environments: limitedBy(limit),
      mostRows: 4,
      mostRead: 3,
    })
      .recheck(dying)
      .catch(() => undefined);
    await new IdentityResolver({ generation, metrics, environments: limitedBy(limit) }).recheck(clickHouse);
    await agrees(limit);
  }
  assert.ok(inserts > 0);
});

test('a loader that died while one binding changed many verdicts goes on to the last of them', async () => {
  const generation = 10;
  await openGeneration(generation);
  const environments = limitedBy({ userIds: 1, days: 10 });
  const bindAt = (day: number) => {
    const fields = { bound_at: T0 + day * 86_400_000, source: 'server' };
    const { value } = migration(100 + day, 'ada', fields);
    const place = { offset: BigInt(100 + day), originPartition: 0, originOffset: 0 };
    return decodeMigrations(0, [{ ...place, bytes: 0, key: null, value, timestampMs: T0 }]).rows[0]!;
  };
  const counting = async () => {
    const sql = `SELECT from_user_id - 100 AS day FROM cairn.user_migrations FINAL WHERE generation = ${generation} AND counts = 1 ORDER BY day`;
    return (await stage.rows<{ day: number }>(sql)).map(({ day }) => day);
  };
  const days = [1, 9, 11, 19, 21, 29, 31, 39];
  await new IdentityResolver({ generation, metrics, environments }).add(clickHouse, days.map(bindAt), {});
  assert.deepEqual(await counting(), [1, 11, 21, 31]);

  // Everything after this one turns round.
  const first = [bindAt(-1)];
  let inserts = 0;
  const dying: ClickHouse = {
    ...clickHouse,
    async insert(...insert) {
      inserts += 1;
      if (inserts > 4) throw new Error('The loader has died');
      await clickHouse.insert(...insert);
    },
  };
  const open = () => new IdentityResolver({ generation, metrics, environments, mostRows: 1, mostRead: 1 });
  await assert.rejects(open().add(dying, first, {}), /The loader has died/);
  assert.deepEqual(await counting(), [9, 19, 21, 31]);
  await open().add(clickHouse, first, REPEAT_SETTINGS, true);
  assert.deepEqual(await counting(), [-1, 9, 19, 29, 39]);
});

test('an identity that collects very many devices is logged once and counted, whether it grew before the loader or since', async () => {
  const generation = 8;
  await openGeneration(generation);
  const own = new LoaderMetrics();
  const said: { environment: string; userId: number; devices: number }[] = [];
  const crowds = new CrowdWatch({
    generation,
    environments: DEFAULT_ENVIRONMENTS,
    mostDevices: 3,
    metrics: own,
    log: pino({ level: 'warn' }, { write: (line: string) => said.push(JSON.parse(line)) }),
  });
  const resolver = new IdentityResolver({ generation, metrics });
  const bind = async (identity: string, devices: readonly number[]) => {
    const records = devices.map((device) => {
      const { key, value } = migration(device, identity, { source: 'web' });
      return {
        offset: BigInt(device),
        originPartition: 0,
        originOffset: device,
        bytes: 0,
        key,
        value,
        timestampMs: T0,
      };
    });
    const { rows } = decodeMigrations(0, records);
    await resolver.add(clickHouse, rows, REPEAT_SETTINGS);
    // Rows that come twice make no more devices.
    await resolver.add(clickHouse, rows, REPEAT_SETTINGS, true);
    crowds.note(rows);
    await crowds.look(clickHouse);
  };
  const told = () => said.map(({ environment, userId, devices }) => [environment, userId, devices]);
  const [early, late] = ['early', 'late'].map((identity) => canonicalUserId(1, identity));
  await bind('early', [1, 2, 3]);
  await bind('late', [11, 12]);
  assert.deepEqual(told(), []);
  await bind('late', [13, 14]);
  assert.deepEqual(told(), [['main_production', late, 4]]);
  await bind('late', [15]);
  await resolver.add(clickHouse, [], {});
  crowds.forget();
  await bind('early', [4]);
  assert.deepEqual(told(), [
    ['main_production', late, 4],
    ['main_production', early, 4],
  ]);
  const { values } = await own.crowds.get();
  assert.deepEqual(values, [{ labels: { environment: 'main_production' }, value: 2 }]);
});

test('bindings from before limits were noted were judged by Heap’s, and are judged again where there is another', async () => {
  const generation = 11;
  await openGeneration(generation);
  const rows = [1, 2, 3].map((device) => {
    const { value } = migration(device, 'ada', { bound_at: T0 + device, source: 'server' });
    const place = { offset: BigInt(device), originPartition: 0, originOffset: 0 };
    return decodeMigrations(0, [{ ...place, bytes: 0, key: null, value, timestampMs: T0 }]).rows[0]!;
  });
  await new IdentityResolver({ generation, metrics }).add(clickHouse, rows, {});
  assert.deepEqual(
    await stage.rows(`SELECT * FROM cairn.identify_limits WHERE generation = ${generation}`),
    [],
    'as in an older installation',
  );
  const verdicts = async (limit: IdentifyLimit | null) => {
    await new IdentityResolver({ generation, metrics, environments: limitedBy(limit) }).followLimits(
      clickHouse,
    );
    const sql = `SELECT reason FROM cairn.user_migrations FINAL WHERE generation = ${generation} ORDER BY from_user_id`;
    return (await stage.rows<{ reason: string }>(sql)).map(({ reason }) => reason);
  };
  assert.deepEqual(await verdicts({ userIds: 2, days: 30 }), ['', '', 'limit_of_2_in_30_days']);
  assert.deepEqual(await verdicts({ userIds: 1, days: 7 }), [
    '',
    'limit_of_1_in_7_days',
    'limit_of_1_in_7_days',
  ]);
  assert.deepEqual(await verdicts({ userIds: 10, days: 30 }), ['', '', '']);
});

test('an installation from before devices were noted with a time finds takeovers as a new one does', async () => {
  const generation = 9;
  await stage.kill('SIGTERM');
  await openGeneration(generation);
  await clickHouse.command('DROP VIEW cairn.devices_from_events');
  await clickHouse.command('ALTER TABLE cairn.devices DROP COLUMN noted_at');
  await clickHouse.command(`CREATE MATERIALIZED VIEW cairn.devices_from_events TO cairn.devices AS
SELECT generation, environment, device_id, min(time) AS first_seen, max(time) AS last_seen,
  max(if(identity != '' AND device_id = greatest(bitShiftRight(reinterpretAsUInt64(reverse(substring(
  SHA256(concat('identity', char(0), toString(environment), char(0), identity)), 1, 8))), 11), 1), identity, '')) AS identity
FROM cairn.events GROUP BY generation, environment, device_id`);
  const eventOf = (identity: string) =>
    clickHouse.command(`INSERT INTO cairn.events (generation, environment, device_id, identity, time)
SELECT ${generation}, 1, ${canonicalUserId(1, identity)}, '${identity}', now64(3)`);
  await eventOf('old');
  await openGeneration(generation);
  const resolver = new IdentityResolver({ generation, metrics });
  await resolver.recheck(clickHouse);
  const { device, record } = theft('new');
  await resolver.add(clickHouse, decodeMigrations(0, [record]).rows, {});
  await eventOf('new');
  await resolver.recheck(clickHouse);
  assert.deepEqual(await stage.rows(verdictSql(generation, device)), DOES_NOT);
});
