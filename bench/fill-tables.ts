import type { ClickHouse } from '#lib/clickhouse/client.ts';
import type { Environment } from '#lib/config/environments.ts';
import { createLogger } from '#lib/service/logger.ts';
import { NameRegistry } from '../services/loader/core/name-registry.ts';
import { rebaseSql } from '../services/loader/core/resolver-sql.ts';
import { canonicalIdSql } from '../services/loader/core/storage-sql.ts';
import { LoaderMetrics } from '../services/loader/shell/loader-metrics.ts';
import { ViewKeeper } from '../services/loader/shell/view-keeper.ts';

/** Of each user. */
const DEVICES = 3;
const SESSIONS = 5;
const EVENTS_OF_A_SESSION = 4;

/** User 0 has this many devices more, each with this many events: no profile may be too large to be shown. */
const SURPLUS_DEVICES = 1000;
const EVENTS_OF_A_SURPLUS_DEVICE = 100;

/** First event: three months are spread over as many partitions. */
const FROM = "toDateTime64('2026-01-01 00:00:00', 3, 'UTC')";
const SPAN_S = 90 * 24 * 60 * 60;

/** Users of one INSERT. */
const USERS_AT_ONCE = 200_000;

const GENERATION = 1;

/** A number spread over the id space. */
const spread = (number: string, salt: string) => `bitAnd(cityHash64(${number}, '${salt}'), 9007199254740991)`;
export const deviceOf = (number: string) => spread(number, 'device');
const identityOf = (user: string) => `concat('user', toString(${user}), '@example.com')`;
const canonicalOf = (user: string) => canonicalIdSql('1', identityOf(user));
const pick = (number: string, values: readonly string[]) =>
  `[${values.map((value) => `'${value}'`).join(', ')}][${number} % ${values.length} + 1]`;

const NAMES = ['Add to cart', 'Purchase', 'Search'];
const BROWSERS = ['Chrome 140', 'Firefox 143', 'Safari 26'];
const COUNTRIES = ['Germany', 'France', 'Japan', 'Brazil', 'India'];
const SOURCES = ['', 'google', 'newsletter', 'partner'];

/**
 * Fills the storage tables of a ClickHouse that has them and no rows as a loader would have, straight from numbers: users with three bound
 * devices, five sessions, twenty events and a property change each.
 */
export async function fillTables(options: {
  clickHouse: ClickHouse;
  environment: Environment;
  users: number;
  progress: (text: string) => void;
}): Promise<void> {
  const { clickHouse, environment, users, progress } = options;
  for (let first = 0; first < users; first += USERS_AT_ONCE) {
    const count = Math.min(USERS_AT_ONCE, users - first);
    progress(`filling: users ${first} to ${first + count} of ${users}`);
    for (const sql of [
      propertiesSql(first, count),
      bindingsSql(`numbers(${first * DEVICES}, ${count * DEVICES})`, `intDiv(number, ${DEVICES})`),
      sessionsSql(first * SESSIONS, count * SESSIONS),
      eventsSql(first * SESSIONS * EVENTS_OF_A_SESSION, count * SESSIONS * EVENTS_OF_A_SESSION),
    ])
      await clickHouse.command(sql, SETTINGS);
  }
  await clickHouse.command(bindingsSql(`numbers(${SURPLUS}, ${SURPLUS_DEVICES})`, '0'), SETTINGS);
  await clickHouse.command(surplusSql(), SETTINGS);
  await clickHouse.command(accountsSql(Math.ceil(users / 100)), SETTINGS);
  for (const sql of [...rebaseSql(GENERATION, '1'), namesSql()]) await clickHouse.command(sql, SETTINGS);
  progress('filled: merging parts');
  for (const table of ['events', 'sessions', 'user_properties', 'user_migrations', 'devices'])
    await clickHouse.command(`OPTIMIZE TABLE cairn.${table} FINAL`, SETTINGS);
  await writeViews(clickHouse, environment);
}

/** Tables and views as a loader makes them when it starts. True where there are events. */
export async function writeViews(clickHouse: ClickHouse, environment: Environment): Promise<boolean> {
  const views = new ViewKeeper({
    generation: GENERATION,
    environments: [environment],
    names: new NameRegistry(),
    reader: undefined,
    log: createLogger('bench', 'error'),
    metrics: new LoaderMetrics(),
  });
  await views.start(clickHouse);
  const [row] = await clickHouse.query<{ n: string }>('SELECT count() AS n FROM cairn.events');
  return Number(row?.n) > 0;
}

const SURPLUS = 1_000_000_000;
const SETTINGS = { max_partitions_per_insert_block: 0, max_insert_block_size: 500_000 };

function insert(table: string, from: string, columns: Readonly<Record<string, string>>): string {
  const expressions = Object.entries({ generation: String(GENERATION), environment: '1', ...columns });
  return `INSERT INTO cairn.${table} (${expressions.map(([name]) => `\`${name}\``).join(', ')})
SELECT ${expressions.map(([, expression]) => expression).join(',\n  ')}
FROM ${from}`;
}

const after = (seconds: string) => `${FROM} + toIntervalSecond(${seconds})`;

function propertiesSql(first: number, count: number): string {
  const number = 'number';
  return insert('user_properties', `numbers(${first}, ${count})`, {
    device_id: deviceOf(`number * ${DEVICES}`),
    event_id: spread(number, 'change'),
    time: after(`number % ${SPAN_S}`),
    received_at: after(`number % ${SPAN_S}`),
    source: "'web'",
    properties: `concat('{"plan":"', ${pick(number, ['free', 'pro', 'team'])}, '","company":"c', toString(intDiv(number, 100)),
    '","age":', toString(number % 80), ',"email":"', ${identityOf(number)}, '"}')`,
    _offset: number,
    origin_offset: number,
  });
}

function bindingsSql(from: string, user: string): string {
  return insert('user_migrations', from, {
    from_user_id: deviceOf('number'),
    to_user_id: canonicalOf(user),
    identity: identityOf(user),
    bound_at: after(`number % ${SPAN_S}`),
    time: after(`number % ${SPAN_S}`),
    source: "'web'",
    event_id: spread('number', 'identify'),
    counts: '1',
    version: '1',
    _offset: 'number',
    origin_offset: 'number',
  });
}

const ofSession = (session: string) => ({
  // Sessions of a user go round its devices.
  device: deviceOf(`(intDiv(${session}, ${SESSIONS}) * ${DEVICES} + ${session} % ${SESSIONS} % ${DEVICES})`),
  start: `(cityHash64(${session}) % ${SPAN_S})`,
});

function sessionsSql(first: number, count: number): string {
  const { device, start } = ofSession('number');
  return insert('sessions', `numbers(${first}, ${count})`, {
    device_id: device,
    session_id: spread('number', 'session'),
    gap: 'true',
    event_id: spread(`number * ${EVENTS_OF_A_SESSION}`, 'event'),
    started_at: after(start),
    ended_at: after(`${start} + ${(EVENTS_OF_A_SESSION - 1) * 60}`),
    updated_at: after(`${start} + ${(EVENTS_OF_A_SESSION - 1) * 60}`),
    event_count: String(EVENTS_OF_A_SESSION),
    pageview_count: '1',
    first_pageview_at: after(start),
    first_pageview_event_id: spread(`number * ${EVENTS_OF_A_SESSION}`, 'event'),
    library: "'web'",
    platform: "'Windows 11'",
    device_type: "'Desktop'",
    browser: pick('number', BROWSERS),
    country: pick('number', COUNTRIES),
    landing_page: "'shop.example.com/'",
    utm_source: pick('number', SOURCES),
    _offset: 'number',
  });
}

function eventsSql(first: number, count: number): string {
  const session = `intDiv(number, ${EVENTS_OF_A_SESSION})`;
  const at = `(number % ${EVENTS_OF_A_SESSION})`;
  const { device, start } = ofSession(session);
  const name = `if(${at} = 0, 'pageview', ${pick(`(${session} + ${at})`, NAMES)})`;
  return insert('events', `numbers(${first}, ${count})`, {
    device_id: device,
    user_id: device,
    session_id: spread(session, 'session'),
    event_id: spread('number', 'event'),
    time: after(`${start} + ${at} * 60`),
    received_at: after(`${start} + ${at} * 60`),
    source: "'web'",
    type: `if(${at} = 0, 'view page', ${name})`,
    name,
    event_table_name: `multiIf(${at} = 0, 'pageviews', lower(replaceAll(${name}, ' ', '_')))`,
    domain: "'shop.example.com'",
    path: `concat('/', toString(${session} % 1000))`,
    platform: "'Windows 11'",
    browser: pick(session, BROWSERS),
    country: pick(session, COUNTRIES),
    properties: `if(${at} = 0, '{}', concat('{"price":', toString(number % 500), ',"product":"p', toString(number % 1000), '"}'))`,
    _offset: 'number',
    origin_offset: 'number',
  });
}

/** Server events of the surplus devices. */
function surplusSql(): string {
  return insert('events', `numbers(${SURPLUS_DEVICES * EVENTS_OF_A_SURPLUS_DEVICE})`, {
    device_id: deviceOf(`(${SURPLUS} + number % ${SURPLUS_DEVICES})`),
    event_id: spread('number', 'surplus'),
    time: after(`number % ${SPAN_S}`),
    received_at: after(`number % ${SPAN_S}`),
    source: "'server'",
    type: "'Renewal'",
    name: "'Renewal'",
    event_table_name: "'renewal'",
    properties: "'{}'",
    _offset: `${SURPLUS} + number`,
    origin_offset: `${SURPLUS} + number`,
  });
}

function accountsSql(count: number): string {
  return insert('account_properties', `numbers(${count})`, {
    account_id: "concat('c', toString(number))",
    device_id: spread('number', 'account'),
    event_id: spread('number', 'account change'),
    time: FROM,
    received_at: FROM,
    source: "'server'",
    properties: `concat('{"name":"Company ', toString(number), '","seats":', toString(number % 500), '}')`,
    _offset: 'number',
    origin_offset: 'number',
  });
}

/** Bits of PROPERTY_TYPES: 1 number, 2 string. */
function namesSql(): string {
  const rows = [
    ...['pageviews', 'add_to_cart', 'purchase', 'search', 'renewal'].map((table) => [
      'event',
      table,
      table,
      0,
    ]),
    ...['add_to_cart', 'purchase', 'search'].flatMap((table) => [
      ['event_property', table, 'price', 1],
      ['event_property', table, 'product', 2],
    ]),
    ...['plan', 'company', 'email'].map((name) => ['user_property', '', name, 2]),
    ['user_property', '', 'age', 1],
    ['account_property', '', 'name', 2],
    ['account_property', '', 'seats', 1],
  ] as const;
  const values = rows.map(
    ([scope, table, name, types]) => `(1, '${scope}', '${table}', '${name}', ${types}, ${FROM})`,
  );
  return `INSERT INTO cairn.names (environment, scope, table_name, name, types, first_seen) VALUES ${values.join(', ')}`;
}
