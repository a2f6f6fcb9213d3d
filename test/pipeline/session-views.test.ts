/** What readers are told of sessions, from rows of each version, in a real ClickHouse. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { compareSql, type TableRow } from '../../cli/generations/comparison-sql.ts';
import { type Accepted, accept } from '../../services/collector/core/accept.ts';
import { anEnvironment, RECEIVED_AT, someCircumstances } from '../../services/collector/core/testing.ts';
import { dictionariesOf } from '../../services/loader/core/resolver-sql.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { T0 } from '../support/loader-in-memory.ts';
import { OLDER_STORAGE_SQL } from '../support/older-storage.ts';
import { startViewDatabase, type ViewDatabase } from '../support/view-database.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let database: ViewDatabase;
const rows = <Row>(sql: string) => database.rows<Row>(sql);
const loadSessions = (...sessions: readonly Partial<Session>[]) => database.loadSessions(...sessions);
const loadPageviews = (...events: readonly Partial<Collected>[]) => database.loadPageviews(...events);

before(async () => {
  database = await startViewDatabase();
});

after(() => database?.stop());

test('an installation of before sessions had parts is upgraded as it stands, again and again', async () => {
  const { clickHouse } = database;
  await clickHouse.command('CREATE DATABASE cairn');
  for (const sql of OLDER_STORAGE_SQL) await clickHouse.command(sql);
  await clickHouse.command(`INSERT INTO cairn.sessions (generation, environment, device_id, session_id, started_at,
  ended_at, event_count, utm_source, \`_offset\`) VALUES (1, 1, 1, 5, ${T0 / 1000}, ${T0 / 1000}, 3, 'old', 1)`);
  for (let time = 0; time < 3; time += 1) await database.start();
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

test('generations that took a session apart otherwise are alike, one that has lost a part of it is not', async () => {
  const { clickHouse } = database;
  const part = (generation: number, opened: number, fields: object) => ({
    ...{
      generation,
      environment: 1,
      device_id: 5,
      session_id: 10,
      library: 'web',
      _partition: 0,
      _offset: 100 + opened,
    },
    ...{ opened_at: (T0 + opened * DAY_MS) / 1000, started_at: T0 / 1000, ended_at: T0 / 1000, ...fields },
  });
  const insert = (...parts: readonly object[]) =>
    clickHouse.insert(
      'INSERT INTO cairn.sessions FORMAT JSONEachRow',
      Buffer.from(parts.map((each) => JSON.stringify(each)).join('\n')),
    );
  const first = {
    event_count: 2,
    event_id: 1,
    pageview_count: 1,
    first_pageview_at: T0 / 1000,
    utm_source: 'a',
  };
  const second = { event_count: 3, event_id: 2, started_at: T0 / 1000 + 9, ended_at: T0 / 1000 + 9 };
  await insert(
    part(7, 0, first),
    part(7, 2, second),
    part(8, 1, { ...first, event_count: 5, ended_at: T0 / 1000 + 9, updated_at: T0 / 1000 }),
    part(9, 0, second),
  );
  for (const { sql } of [7, 8, 9].flatMap((generation) => dictionariesOf(generation)))
    await clickHouse.command(sql);
  const differing = async (next: number) => {
    const scope = {
      generations: [7, next],
      cuts: { receivedBeforeMs: T0 + 99 * DAY_MS },
      blocked: [],
    } as const;
    const found = await rows<TableRow>(compareSql('sessions', scope));
    return found.map((row) => [row.alikeRows, row.differing]);
  };
  assert.deepEqual(await differing(8), [[1, 0]]);
  assert.deepEqual(await differing(9), [[0, 1]]);
});

/** What a request of `/v1/capture` becomes on its way through the cores of the collector, the sessionizer and the loader. */
async function captured(request: object, sentMs: number): Promise<void> {
  const client = {
    ...{ ip: '192.0.2.7', userAgent: 'Agent/1', browser: 'Chrome 126', platform: 'Windows 10', device: '' },
    ...{ deviceType: 'Desktop', isBot: false, country: 'Switzerland', region: 'Bern', city: 'Thun' },
  };
  const environments = new Map([['11', anEnvironment()]]);
  let ids = 800;
  const newId = () => {
    ids += 1;
    return ids;
  };
  const circumstances = someCircumstances({ client, environments, newId, receivedAt: sentMs });
  const { accepted } = accept('/v1/capture', { app_id: '11', ...request }, circumstances) as Accepted;
  const sessionizer = createSessionizer();
  const state = sessionizer.createState();
  const steps = accepted.map((record) =>
    sessionizer.step(
      state,
      {
        key: recordKey(1, record.device_id),
        value: collectedCodec.encode(record),
        timestampMs: record.received_at,
        origin: { topic: 'events.collected', partition: 0, offset: 0n },
      },
      sentMs,
    ),
  );
  const outputs = [...steps.flatMap((step) => step.outputs), ...sessionizer.flush(state)];
  for (const topic of ['events.sessionized', 'sessions'] as const)
    await database.load(
      topic,
      outputs.filter((output) => output.topic === topic).map(({ value }) => value),
    );
}

test('a session tells what its first pageview came from, on what and where from; direct is NULL', async () => {
  const page = (url: string, more: object = {}) => ({ type: 'pageview', page: { url, ...more } });
  const at = (minute: number) => ({ timestamp: RECEIVED_AT - minute * 60_000 });
  await captured(
    {
      user_id: '80',
      events: [
        { ...page('https://shop.example/later?utm_source=later'), ...at(1) },
        {
          ...page(
            'https://shop.example/start?utm_source=news&utm_campaign=may&utm_medium=email&utm_term=shoe&utm_content=top#a',
            {
              referrer: 'https://www.google.com/search?q=red+shoes',
            },
          ),
          ...at(2),
        },
        { type: 'click', ...at(3) },
        // An event of that name is no pageview.
        { type: 'custom', name: 'view page', ...at(4) },
      ],
    },
    RECEIVED_AT,
  );
  await captured({ user_id: '81', events: [{ ...page('https://shop.example/'), ...at(1) }] }, RECEIVED_AT);
  const told = `event_count, pageview_count, library, platform, device_type, browser, country, region, city, ip, referrer, landing_page,
  landing_page_query, landing_page_hash, search_keyword, utm_source, utm_campaign, utm_medium, utm_term, utm_content`;
  const client = {
    ...{ library: 'web', platform: 'Windows 10', device_type: 'Desktop', browser: 'Chrome 126' },
    ...{ country: 'Switzerland', region: 'Bern', city: 'Thun', ip: '192.0.2.7' },
  };
  assert.deepEqual(
    await rows(`SELECT ${told} FROM main_production.sessions WHERE device_id IN (80, 81) ORDER BY device_id`),
    [
      {
        ...{ event_count: 4, pageview_count: 2 },
        ...client,
        referrer: 'https://www.google.com/search?q=red+shoes',
        landing_page: 'shop.example/start',
        landing_page_query:
          '?utm_source=news&utm_campaign=may&utm_medium=email&utm_term=shoe&utm_content=top',
        landing_page_hash: '#a',
        search_keyword: 'red shoes',
        ...{
          utm_source: 'news',
          utm_campaign: 'may',
          utm_medium: 'email',
          utm_term: 'shoe',
          utm_content: 'top',
        },
      },
      {
        ...{ event_count: 1, pageview_count: 1 },
        ...client,
        ...{
          referrer: null,
          landing_page: 'shop.example/',
          landing_page_query: null,
          landing_page_hash: null,
        },
        ...{ search_keyword: null, utm_source: null, utm_campaign: null, utm_medium: null, utm_term: null },
        utm_content: null,
      },
    ],
  );
});
