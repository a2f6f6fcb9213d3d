/** Columns of properties in the readers’ views: any name, any type, any number of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS } from '#lib/config/environments.ts';
import { NameRegistry } from '../../services/loader/core/name-registry.ts';
import { LoaderMetrics } from '../../services/loader/shell/loader-metrics.ts';
import { ViewKeeper } from '../../services/loader/shell/view-keeper.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { openLoader, T0 } from '../support/loader-in-memory.ts';

let backend: Backend;
let clickHouse: ClickHouse;

const rows = <Row>(sql: string) => clickHouse.query<Row>(sql, { output_format_json_quote_64bit_integers: 0 });

before(async () => {
  backend = await startBackend();
  clickHouse = createClickHouse({ url: backend.clickhouseUrl });
});

after(() => backend?.stop());

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
  const loader = openLoader(clickHouse);
  await loader.start();
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
  const loader = openLoader(clickHouse);
  await loader.start();
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

test('a property that changes its type breaks no query: its column keeps the type, and text shows every value', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
  const numbers = 'SELECT v, v > 1 AS large FROM main_production.typed ORDER BY event_id';
  const ofUser = 'SELECT v, flag, v > 1 AS large FROM main_production.users WHERE user_id = 77';
  const typeOf = (table: string) =>
    rows(
      `SELECT name, type FROM system.columns WHERE database = 'main_production' AND table = '${table}' AND match(name, '^(v|flag)(__text)?$') ORDER BY name`,
    );
  const values = ['1.5', '"x"', 'true', '"2026-01-01T00:00:00Z"', '"2.5"', '9007199254740993'];
  const flags = ['true', '"false"', '"no"', '1', '"TRUE"', 'false'];
  const seen: unknown[] = [];
  for (const [index, value] of values.entries()) {
    const properties = `{"v":${value},"flag":${flags[index]}}`;
    await loader.load([
      { device_id: 77, event_id: 3 + index, name: 'typed', properties },
      { device_id: 77, event_id: 3 + index, kind: 'user_properties', time: T0 + index, properties },
    ]);
    assert.equal((await rows(numbers)).length, 1 + index);
    seen.push((await rows(ofUser))[0]);
  }
  assert.deepEqual(seen, [
    { v: 1.5, flag: true, large: 1 },
    { v: null, flag: false, large: null },
    { v: null, flag: null, large: null },
    { v: null, flag: null, large: null },
    { v: 2.5, flag: true, large: 1 },
    { v: 9007199254740992, flag: false, large: 1 },
  ]);
  assert.deepEqual(
    await rows('SELECT v, flag, v__text AS text FROM main_production.typed ORDER BY event_id'),
    [
      { v: 1.5, flag: true, text: '1.5' },
      { v: null, flag: false, text: 'x' },
      { v: null, flag: null, text: 'true' },
      { v: null, flag: null, text: '2026-01-01T00:00:00Z' },
      { v: 2.5, flag: true, text: '2.5' },
      { v: 9007199254740992, flag: false, text: '9007199254740993' },
    ],
  );
  for (const table of ['typed', 'users'])
    assert.deepEqual(await typeOf(table), [
      { name: 'flag', type: 'Nullable(Bool)' },
      { name: 'flag__text', type: 'Nullable(String)' },
      { name: 'v', type: 'Nullable(Float64)' },
      { name: 'v__text', type: 'Nullable(String)' },
    ]);
});

test('a text that says a time is one in a column beside it, and no text that says none breaks it', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
  const values = [
    '2026-01-01',
    '2026-03-29T02:30:00+02:00',
    '2026-99-99',
    '9999-12-31',
    '0001-01-01',
    'soon',
    // What ClickHouse would read as a day of this year, as the 1st, and not at all.
    '0000-00-00 00:00:00',
    '2026-01-00',
    '2026-02-30',
  ];
  for (const [index, at] of values.entries()) {
    const properties = JSON.stringify({ at });
    await loader.load([{ device_id: 1, event_id: 50 + index, name: 'dated', properties }]);
  }
  assert.deepEqual(await rows('SELECT at, at__time FROM main_production.dated ORDER BY event_id'), [
    { at: values[0], at__time: '2026-01-01 00:00:00.000' },
    { at: values[1], at__time: '2026-03-29 00:30:00.000' },
    { at: values[2], at__time: null },
    { at: values[3], at__time: '9999-12-31 00:00:00.000' },
    { at: values[4], at__time: '0001-01-01 00:00:00.000' },
    ...values.slice(5).map((at) => ({ at, at__time: null })),
  ]);
});

test('a view that is a moment behind a new type answers, and text takes every type', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
  await loader.load([{ device_id: 1, event_id: 3, name: 'behind', properties: '{"v":1.5,"s":"a"}' }]);
  const sql = 'SELECT v, s FROM main_production.behind ORDER BY event_id';
  // The rows are there and the view is not yet made anew, as in the moment between insert and DDL.
  await clickHouse.insert(
    'INSERT INTO cairn.events (generation, environment, event_id, event_table_name, properties) FORMAT JSONEachRow',
    Buffer.from(
      '{"generation":1,"environment":1,"event_id":4,"event_table_name":"behind","properties":{"v":"x","s":7}}',
    ),
  );
  assert.deepEqual(await rows(sql), [
    { v: 1.5, s: 'a' },
    { v: null, s: null },
  ]);
  await loader.load([{ device_id: 1, event_id: 5, name: 'behind', properties: '{"v":"3","s":true}' }]);
  await loader.load([{ device_id: 1, event_id: 6, name: 'behind', properties: '{"v":4,"s":8}' }]);
  assert.deepEqual(await rows(sql), [
    { v: 1.5, s: 'a' },
    { v: null, s: '7' },
    { v: 3, s: 'true' },
    { v: 4, s: '8' },
  ]);
});

test('texts of what is no number, or beyond all, spoil no sum', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
  for (const [index, v] of [1, '2', 'nan', 'Infinity', '-inf', '1e400'].entries())
    await loader.load([
      { device_id: 1, event_id: 80 + index, name: 'summed', properties: JSON.stringify({ v }) },
    ]);
  assert.deepEqual(await rows('SELECT sum(v) AS total, count(v) AS n FROM main_production.summed'), [
    { total: 3, n: 2 },
  ]);
});

test('a property that has several types from the start is text', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
  const load = (event_id: number, v: string) => ({
    device_id: 1,
    event_id,
    name: 'several',
    properties: `{"v":${v}}`,
  });
  await loader.load([load(810, '"pro"'), load(811, '7')]);
  assert.deepEqual(await rows('SELECT v FROM main_production.several ORDER BY event_id'), [
    { v: 'pro' },
    { v: '7' },
  ]);
});

test('a registry of names made before columns kept their type is taken over: what was text stays text', async () => {
  const old = [
    ['one', 1],
    ['mixed', 3],
    // A type that came later was a row of its own, until ClickHouse merged the two.
    ['later', 1],
    ['later', 2],
  ] as const;
  await clickHouse.command('ALTER TABLE cairn.names DROP COLUMN first_typed');
  await clickHouse.command('SYSTEM STOP MERGES cairn.names');
  for (const [name, types] of old)
    await clickHouse.command(
      `INSERT INTO cairn.names VALUES (1, 'event_property', 'older', '${name}', ${types}, toDateTime64('2026-01-01', 3, 'UTC'))`,
    );
  await clickHouse.command('SYSTEM START MERGES cairn.names');
  const loader = openLoader(clickHouse);
  await loader.start();
  await loader.load([
    { device_id: 1, event_id: 800, name: 'older', properties: '{"one":"x","mixed":5,"later":"y"}' },
    { device_id: 1, event_id: 801, name: 'older', properties: '{"one":2,"mixed":true,"later":6}' },
  ]);
  assert.deepEqual(
    await rows('SELECT one, one__text, mixed, later FROM main_production.older ORDER BY event_id'),
    [
      { one: null, one__text: 'x', mixed: '5', later: 'y' },
      { one: 2, one__text: '2', mixed: 'true', later: '6' },
    ],
  );
});

test('ten thousand property names of one event are kept, and the oldest thousand of an environment have columns', async () => {
  const loader = openLoader(clickHouse);
  await loader.start();
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
  const row = { environment: 1, scope: 'event_property', types: 1, firstSeenMs: T0, firstTyped: 1 } as const;
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
