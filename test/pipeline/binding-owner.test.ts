/** Who judges bindings, and whose verdict counts where two loaders hold themselves for the owner. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { LoadRecord } from '../../services/loader/core/chunk-rows.ts';
import { decodeMigrations } from '../../services/loader/core/migration-rows.ts';
import { canonicalSql } from '../../services/loader/core/migration-sql.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { createIdentityLoader } from '../../services/loader/shell/identity-loader.ts';
import { IdentityResolver } from '../../services/loader/shell/identity-resolver.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { PatientClickHouse } from '../../services/loader/shell/patient-clickhouse.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
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
  await clickHouse.command(`INSERT INTO cairn.devices VALUES
(${generation}, 1, ${canonicalUserId(1, victim)}, '2026-01-01 00:00:00', '2026-01-01 00:00:00', '${victim}')`);
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
