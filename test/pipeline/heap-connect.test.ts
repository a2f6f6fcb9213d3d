/** What reads Heap Connect's tables finds them: columns, types, and the questions that published packages ask. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { ANY_EVENT, kindOf, READERS, TYPES } from '../conformance/heap-connect-readers.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { openLoader, T0 } from '../support/loader-in-memory.ts';

const MINUTE_MS = 60_000;
const TABLES = ['users', 'sessions', 'pageviews', 'all_events', 'user_migrations', 'sign_up'];

let backend: Backend;
let clickHouse: ClickHouse;

/** As Heap's SQL expects it, an outer join gives NULL where it finds nothing. */
const rows = <Row>(sql: string) =>
  clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0, join_use_nulls: 1 });

const columnsOf = async (table: string) => {
  const described = await rows<{ name: string; type: string }>(`DESCRIBE TABLE main_production.${table}`);
  return new Map(described.map(({ name, type }) => [name, type]));
};

const time = (minutes: number) =>
  new Date(T0 + minutes * MINUTE_MS).toISOString().slice(0, -1).replace('T', ' ');

before(async () => {
  backend = await startBackend();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
  const loader = openLoader(clickHouse);
  await loader.start();
  const view = { name: 'pageview', type: 'view page', device_id: 7 };
  const at = (minutes: number) => T0 + minutes * MINUTE_MS;
  await loader.load([
    { ...view, event_id: 1, session_id: 70, time: at(0), path: '/', query: '?gclid=abc' },
    {
      device_id: 7,
      event_id: 2,
      session_id: 70,
      time: at(10),
      name: 'Sign Up',
      properties: '{"plan":"pro"}',
    },
    { ...view, event_id: 3, session_id: 71, time: at(100), path: '/pricing' },
    { device_id: 9, event_id: 4, time: at(5), source: 'server', name: 'Sign Up', identity: 'a@b.c' },
  ]);
  const session = { generation: 1, environment: 1, device_id: 7, user_id: 7, source: 'web' };
  const sessions = [
    {
      session_id: 70,
      event_id: 70,
      started_at: time(0),
      ended_at: time(10),
      referrer: 'https://www.google.com/x',
    },
    { session_id: 71, event_id: 71, started_at: time(100), ended_at: time(100) },
  ];
  await clickHouse.insert(
    'INSERT INTO cairn.sessions FORMAT JSONEachRow',
    Buffer.from(sessions.map((row) => JSON.stringify({ ...session, ...row })).join('\n')),
  );
});

after(() => backend?.stop());

test('every column that packages for Heap Connect read is there, of a type they can use', async () => {
  const known = new Map<string, ReadonlyMap<string, string>>();
  for (const table of TABLES) known.set(table, await columnsOf(table));
  const missing: string[] = [];
  for (const { repository, reads } of READERS) {
    for (const [table, columns] of Object.entries(reads)) {
      for (const column of columns) {
        const type = known.get(table === ANY_EVENT ? 'sign_up' : table)?.get(column);
        const wanted = TYPES[kindOf(column)];
        if (type === undefined || !wanted.test(type))
          missing.push(`${repository}: ${table}.${column} is ${type}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});

test('views answer whatever a reader says of outer joins', async () => {
  for (const table of [...TABLES, 'accounts', '_event_metadata', '_sync_info', '_sync_history']) {
    for (const join_use_nulls of [0, 1])
      await clickHouse.query(`SELECT * FROM main_production.${table}`, { join_use_nulls });
  }
});

test('no event changes the type of a built-in column', async () => {
  const before = new Map<string, ReadonlyMap<string, string>>();
  for (const table of TABLES) before.set(table, await columnsOf(table));
  const properties = '{"event_id":"x","time":"y","path":5,"email":7,"identity":true,"joindate":1,"type":2}';
  await openLoader(clickHouse).load([
    { device_id: 8, event_id: 5, name: 'Sign Up', properties },
    { device_id: 8, event_id: 6, kind: 'user_properties', properties },
    { device_id: 8, event_id: 7, name: 'pageview', type: 'view page', properties },
  ]);
  for (const table of TABLES) {
    const now = await columnsOf(table);
    for (const [column, type] of before.get(table)!)
      assert.equal(now.get(column), type, `${table}.${column}`);
  }
});

const QUESTIONS: Readonly<Record<string, readonly [sql: string, wanted: unknown]>> = {
  // dbt-labs/heap: sessions made unique by their last values, joined with what their events say and with users.
  'sessions with their events and users': [
    `WITH s AS (SELECT DISTINCT session_id,
       last_value(user_id) OVER w AS user_id, last_value(time) OVER w AS session_start_time,
       last_value(referrer) OVER w AS referrer, last_value(nullIf(utm_source, '')) OVER w AS utm_source
     FROM main_production.sessions
     WINDOW w AS (PARTITION BY session_id ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)),
     e AS (SELECT DISTINCT session_id, max(time) OVER (PARTITION BY session_id) AS session_end_time,
       count(*) OVER (PARTITION BY session_id) AS event_count,
       first_value(query) OVER (PARTITION BY session_id ORDER BY time
         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first_page_query
     FROM main_production.pageviews)
     SELECT s.session_id AS session_id, row_number() OVER (PARTITION BY s.user_id ORDER BY s.session_start_time) AS nth,
       e.event_count AS events, coalesce(u.identity, toString(s.user_id)) AS blended_user_id,
       extractURLParameter(e.first_page_query, 'gclid') AS gclid, domainWithoutWWW(s.referrer) AS domain,
       s.utm_source AS utm_source
     FROM s LEFT JOIN e ON s.session_id = e.session_id LEFT JOIN main_production.users AS u ON s.user_id = u.user_id
     ORDER BY nth`,
    [
      {
        session_id: 70,
        nth: 1,
        events: 1,
        blended_user_id: '7',
        gclid: 'abc',
        domain: 'google.com',
        utm_source: null,
      },
      {
        session_id: 71,
        nth: 2,
        events: 1,
        blended_user_id: '7',
        gclid: null,
        domain: null,
        utm_source: null,
      },
    ],
  ],
  // HeapBlocks: a session's facts by a key of session and user, numbered.
  'facts of sessions': [
    `SELECT session_id || '-' || user_id AS session_unique_id,
       row_number() OVER (PARTITION BY user_id ORDER BY min(time)) AS session_sequence_number,
       dateDiff('minute', min(time), max(time)) AS minutes, count(*) AS events
     FROM main_production.all_events WHERE session_id IS NOT NULL GROUP BY 1, user_id ORDER BY 1`,
    [
      { session_unique_id: '70-7', session_sequence_number: 1, minutes: 10, events: 2 },
      { session_unique_id: '71-7', session_sequence_number: 2, minutes: 0, events: 1 },
    ],
  ],
  // HeapBlocks: the events after an event, by a join of numbered events with themselves.
  'event flow': [
    `WITH f AS (SELECT user_id, session_id, event_table_name AS name,
       row_number() OVER (PARTITION BY user_id, session_id ORDER BY time) AS number FROM main_production.all_events)
     SELECT a.name AS first, b.name AS second FROM f AS a
     LEFT JOIN f AS b ON a.number + 1 = b.number AND a.user_id = b.user_id AND a.session_id = b.session_id
     WHERE a.session_id = 70 ORDER BY a.number`,
    [
      { first: 'pageviews', second: 'sign_up' },
      { first: 'sign_up', second: null },
    ],
  ],
  // heap_package: events made unique, and sessions of client and server events by a gap of 30 minutes.
  'sessions by a gap': [
    `WITH e AS (SELECT user_id, event_id, time FROM main_production.all_events WHERE user_id = 7
       QUALIFY row_number() OVER (PARTITION BY user_id, event_id ORDER BY time DESC) = 1),
     g AS (SELECT user_id, time, dateDiff('second', lagInFrame(toNullable(time)) OVER
       (PARTITION BY user_id ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), time) AS gap FROM e)
     SELECT count() AS sessions FROM g WHERE gap IS NULL OR gap > 1800`,
    [{ sessions: 2 }],
  ],
  // Heap's guide for S3: ids resolved by a reader, which changes nothing where they are resolved already.
  'ids resolved once more': [
    `SELECT DISTINCT coalesce(m.to_user_id, e.user_id) AS user_id FROM main_production.all_events AS e
     LEFT JOIN main_production.user_migrations AS m ON e.user_id = m.from_user_id
     WHERE e.session_id = 70`,
    [{ user_id: 7 }],
  ],
  'what there is to read': [
    `SELECT table_name, event_name, property_count FROM main_production._event_metadata WHERE table_name = 'sign_up'`,
    [{ table_name: 'sign_up', event_name: 'Sign Up', property_count: 8 }],
  ],
  'what is loaded': [
    `SELECT table_name, row_count FROM main_production._sync_info WHERE table_name IN ('sessions', 'user_migrations') ORDER BY 1`,
    [
      { table_name: 'sessions', row_count: 2 },
      { table_name: 'user_migrations', row_count: 0 },
    ],
  ],
  'when everything was replaced': [
    'SELECT generation, is_live FROM main_production._sync_history',
    [{ generation: 1, is_live: 1 }],
  ],
};

for (const [name, [sql, wanted]] of Object.entries(QUESTIONS)) {
  test(`a question that packages for Heap Connect ask is answered: ${name}`, async () => {
    assert.deepEqual(await rows(sql), wanted);
  });
}
