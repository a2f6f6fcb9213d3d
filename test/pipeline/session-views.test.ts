/** What readers are told of sessions, from rows of each version, in a real ClickHouse. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { ChunkBuilder } from '../../services/loader/core/chunk-rows.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { reloadSessionsSql } from '../../services/loader/core/resolver-sql.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { insertRows } from '../../services/loader/shell/table-inserter.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
import { OLDER_STORAGE_SQL } from '../support/older-storage.ts';

const T0 = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
const log = createLogger('test', 'error');

let clickHouse: ClickHouse;
let stop: () => Promise<void>;
let offset = 0;

const names = new NameRegistry();
const views = new ViewKeeper({
  generation: 1,
  environments: DEFAULT_ENVIRONMENTS,
  names,
  reader: undefined,
  log,
  metrics: new LoaderMetrics(),
});
const builder = new ChunkBuilder({ generation: 1, names });

/** Inserts records as a loader does. */
async function load(topic: 'sessions' | 'events.sessionized', values: readonly Buffer[]): Promise<void> {
  const built = builder.build(
    topic,
    0,
    values.map((value) => {
      offset += 1;
      const place = { originPartition: 0, originOffset: offset };
      return { offset: BigInt(offset), bytes: 0, key: null, value, timestampMs: T0 + offset, ...place };
    }),
  );
  assert.deepEqual(built.refusals, []);
  for (const rows of built.tables) await insertRows(clickHouse, rows, `${topic} ${offset}`);
  await views.flushNames(clickHouse);
  if (built.hasAbsorbed) await clickHouse.command(reloadSessionsSql(1));
}

const loadSessions = (...rows: readonly Partial<Session>[]) =>
  load(
    'sessions',
    rows.map((row) => sessionCodec.encode({ environment: 1, event_count: 1, ...row })),
  );

const loadPageviews = (...events: readonly Partial<Collected>[]) =>
  load(
    'events.sessionized',
    events.map((event) =>
      collectedCodec.encode({
        environment: 1,
        source: 'web',
        name: 'pageview',
        type: 'view page',
        received_at: T0,
        ...event,
      }),
    ),
  );

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 });

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-session-views-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  clickHouse = createClickHouse({ url: server.url });
  stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  };
});

after(() => stop?.());

test('an installation of before sessions had parts is upgraded as it stands, again and again', async () => {
  await clickHouse.command('CREATE DATABASE cairn');
  for (const sql of OLDER_STORAGE_SQL) await clickHouse.command(sql);
  await clickHouse.command(`INSERT INTO cairn.sessions (generation, environment, device_id, session_id, started_at,
  ended_at, event_count, utm_source, \`_offset\`) VALUES (1, 1, 1, 5, ${T0 / 1000}, ${T0 / 1000}, 3, 'old', 1)`);
  offset = 1;
  for (let time = 0; time < 3; time += 1) await views.start(clickHouse);
  await loadPageviews({ device_id: 1, session_id: 5, event_id: 50, time: T0 });
  // The session goes on: first as the part it was, then, a day later, as another one.
  await loadSessions({
    device_id: 1,
    session_id: 5,
    started_at: T0,
    ended_at: T0 + 5,
    event_count: 4,
    utm_source: 'old',
  });
  await loadSessions({
    device_id: 1,
    session_id: 5,
    opened_at: T0 + 2 * DAY_MS,
    started_at: T0 + 2 * DAY_MS,
    ended_at: T0 + 2 * DAY_MS,
    event_count: 2,
  });
  assert.deepEqual(
    await rows(
      'SELECT session_id, event_count, utm_source, toUnixTimestamp64Milli(ended_at) AS ended FROM main_production.sessions',
    ),
    [{ session_id: 5, event_count: 6, utm_source: 'old', ended: T0 + 2 * DAY_MS }],
  );
  assert.deepEqual(await rows('SELECT session_id, utm_source FROM main_production.pageviews'), [
    { session_id: 5, utm_source: 'old' },
  ]);
});

test('readers see the parts of a session as one, described by its first pageview', async () => {
  const part = (opened: number, fields: Partial<Session>): Partial<Session> => ({
    device_id: 2,
    session_id: 6,
    library: 'web',
    opened_at: T0 + opened * DAY_MS,
    started_at: T0 + opened * DAY_MS,
    ended_at: T0 + opened * DAY_MS + 5,
    ...fields,
  });
  const viewed = (ms: number, fields: Partial<Session>) => ({
    pageview_count: 1,
    first_pageview_at: ms,
    first_pageview_event_id: 1,
    ...fields,
  });
  // The first part has no page; the third was opened later and holds an earlier page than the second.
  await loadSessions(
    part(1, { event_id: 11, event_count: 2, browser: 'first', late: true }),
    part(3, { event_id: 12, event_count: 3, ...viewed(T0 + 9 * DAY_MS, { utm_source: 'second' }) }),
    part(5, {
      event_id: 13,
      event_count: 4,
      ...viewed(T0 + 8 * DAY_MS, { utm_source: 'third', browser: 'third' }),
    }),
    // Neighbours: another session of the device, and the same id of the next device.
    { device_id: 2, session_id: 7, opened_at: T0, utm_source: 'own', event_id: 14 },
    { device_id: 3, session_id: 7, opened_at: T0, utm_source: 'other', event_id: 15 },
  );
  await loadPageviews({ device_id: 2, session_id: 6, event_id: 60, time: T0 });
  assert.deepEqual(
    await rows(`SELECT device_id, session_id, event_id, event_count, pageview_count, utm_source, browser, late,
  toUnixTimestamp64Milli(time) AS time, toUnixTimestamp64Milli(ended_at) AS ended
FROM main_production.sessions WHERE device_id IN (2, 3) ORDER BY event_id`),
    [
      {
        device_id: 2,
        session_id: 6,
        event_id: 11,
        event_count: 9,
        pageview_count: 2,
        utm_source: 'third',
        browser: 'third',
        late: true,
        time: T0 + DAY_MS,
        ended: T0 + 5 * DAY_MS + 5,
      },
      {
        ...{ device_id: 2, session_id: 7, event_id: 14, event_count: 1, pageview_count: 0 },
        ...{ utm_source: 'own', browser: null, late: false, time: 0, ended: 0 },
      },
      {
        ...{ device_id: 3, session_id: 7, event_id: 15, event_count: 1, pageview_count: 0 },
        ...{ utm_source: 'other', browser: null, late: false, time: 0, ended: 0 },
      },
    ],
  );
  assert.deepEqual(
    await rows(`SELECT session_id, utm_source, toUnixTimestamp64Milli(session_time) AS time
FROM main_production.pageviews WHERE event_id = 60`),
    [{ session_id: 6, utm_source: 'third', time: T0 + DAY_MS }],
  );
  assert.deepEqual(await rows('SELECT count() AS n FROM main_production.sessions'), [{ n: 4 }]);
});

/** Both ways to read sessions, by what they have in common. */
const asTold = async (view: string, time: string) =>
  rows(`SELECT device_id, session_id, event_id, toUnixTimestamp64Milli(${time}) AS time, toUnixTimestamp64Milli(ended_at) AS ended,
  event_count, pageview_count, late, ifNull(utm_source, '') AS utm_source, ifNull(browser, '') AS browser
FROM ${view} ORDER BY device_id, session_id`);

test('where a part of a session was absorbed, all of it belongs to the survivor', async () => {
  await loadSessions(
    { device_id: 4, session_id: 8, gap: true, opened_at: T0, started_at: T0, ended_at: T0, event_id: 1 },
    {
      ...{ device_id: 4, session_id: 8, gap: true, opened_at: T0 + 2 * DAY_MS, started_at: T0 + 2 * DAY_MS },
      merged_into: 9,
    },
    {
      ...{ device_id: 4, session_id: 9, gap: true, opened_at: T0 + 2 * DAY_MS, started_at: T0 + 2 * DAY_MS },
      ...{ ended_at: T0 + 2 * DAY_MS, event_id: 2, event_count: 5, absorbed: [8] },
    },
  );
  await loadPageviews({ device_id: 4, session_id: 8, event_id: 70, time: T0 });
  const session = { session_id: 9, time: T0 };
  assert.deepEqual(
    await rows(`SELECT session_id, event_id, event_count, toUnixTimestamp64Milli(time) AS time
FROM main_production.sessions WHERE device_id = 4`),
    [{ ...session, event_id: 1, event_count: 6 }],
  );
  assert.deepEqual(
    await rows(`SELECT session_id, toUnixTimestamp64Milli(session_time) AS time
FROM main_production.pageviews WHERE device_id = 4`),
    [session],
  );
  assert.deepEqual(
    await asTold('cairn.resolved_sessions', 'started_at'),
    await asTold('main_production.sessions', 'time'),
  );
});
