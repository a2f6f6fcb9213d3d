import type { ClickHouse } from '#lib/clickhouse/client.ts';
import { rebaseSql } from '../services/loader/core/resolver-sql.ts';
import { canonicalIdSql } from '../services/loader/core/storage-sql.ts';

const GENERATION = 1;
const FROM = "toDateTime64('2026-01-01 00:00:00', 3, 'UTC')";
/** 90 days: events lie in three months. */
export const SPAN_MS = 90 * 24 * 60 * 60 * 1000;
const ROWS_AT_ONCE = 5_000_000;
const SETTINGS = { max_partitions_per_insert_block: 0, max_insert_block_size: 1_000_000 };

/** Event names from the most frequent on, with how many of a hundred events have one. */
export const EVENTS = [
  ['pageview', 34],
  ['View item', 20],
  ['Search', 14],
  ['Add to cart', 11],
  ['Checkout', 8],
  ['Payment', 6],
  ['Purchase', 5],
  ['Review', 2],
] as const;

export const tableOf = (name: string) =>
  name === 'pageview' ? 'pageviews' : name.toLowerCase().replaceAll(' ', '_');

const spread = (number: string, salt: string) => `bitAnd(cityHash64(${number}, '${salt}'), 9007199254740991)`;
const identityOf = (user: string) => `concat('user', toString(${user}), '@example.com')`;

/** How many of what there are. */
export type HistorySize = { readonly events: number; readonly users: number; readonly devices: number };

/**
 * Fills the storage tables of a ClickHouse that has them and no events. Of D devices of U users, D - U users have two and an identity;
 * their second devices were identified in the middle of the time, so that half of those events are stored under the device. All others
 * are anonymous, one device each. Events go to devices, names and times at random.
 */
export async function fillHistory(
  clickHouse: ClickHouse,
  { events, users, devices }: HistorySize,
  progress: (text: string) => void,
): Promise<void> {
  const late = devices - users;
  await clickHouse.command(bindingsSql(`numbers(${late})`, 'number', FROM), SETTINGS);
  await clickHouse.command(
    bindingsSql(`numbers(${users}, ${late})`, `number - ${users}`, `${FROM} + toIntervalDay(45)`),
    SETTINGS,
  );
  for (const sql of rebaseSql(GENERATION, '1')) await clickHouse.command(sql, SETTINGS);
  for (let first = 0; first < events; first += ROWS_AT_ONCE) {
    progress(`filling: ${first} of ${events} events`);
    const rows = Math.min(ROWS_AT_ONCE, events - first);
    await clickHouse.command(eventsSql(first, rows, { events, users, devices }), SETTINGS);
  }
  progress('filled: merging parts');
  await clickHouse.command('OPTIMIZE TABLE cairn.events FINAL', SETTINGS);
  await clickHouse.command('OPTIMIZE TABLE cairn.user_migrations FINAL', SETTINGS);
}

function bindingsSql(from: string, user: string, at: string): string {
  return `INSERT INTO cairn.user_migrations (generation, environment, from_user_id, to_user_id, identity, bound_at, time, source,
  event_id, counts, version, \`_offset\`, origin_offset)
SELECT ${GENERATION}, 1, ${spread('number', 'device')}, ${canonicalIdSql('1', identityOf(user))}, ${identityOf(user)}, ${at}, ${at}, 'web',
  ${spread('number', 'identify')}, 1, 1, number, number
FROM ${from}`;
}

function eventsSql(first: number, rows: number, { users, devices }: HistorySize): string {
  const late = devices - users;
  const bounds = EVENTS.map((_, index) =>
    EVENTS.slice(0, index + 1).reduce((sum, [, share]) => sum + share, 0),
  );
  const pick = (values: readonly string[]) =>
    `multiIf(${values
      .flatMap((value, index) => [`dice < ${bounds[index]}`, `'${value}'`])
      .slice(0, -2)
      .join(', ')}, '${values.at(-1)}')`;
  const user = `if(slot < ${late}, slot, slot - ${users})`;
  const isKnown = `(slot < ${late} OR (slot >= ${users} AND at >= ${SPAN_MS / 2}))`;
  return `INSERT INTO cairn.events (generation, environment, device_id, user_id, session_id, event_id, time, received_at, source, type, name,
  event_table_name, browser, country, properties, \`_offset\`, origin_offset)
SELECT ${GENERATION}, 1, device, if(${isKnown}, ${canonicalIdSql('1', identityOf(user))}, device), ${spread('tuple(slot, intDiv(at, 3600000))', 'session')},
  ${spread('number', 'event')}, ${FROM} + toIntervalMillisecond(at), ${FROM} + toIntervalMillisecond(at), 'web',
  if(dice < ${bounds[0]}, 'view page', name), name, ${pick(EVENTS.map(([name]) => tableOf(name)))},
  ['Chrome 140', 'Firefox 143', 'Safari 26'][slot % 3 + 1], ['Germany', 'France', 'Japan', 'Brazil', 'India'][slot % 5 + 1],
  concat('{"plan":"', ['free', 'pro', 'team', 'school'][cityHash64(slot) % 4 + 1], '"}'), number, number
FROM (SELECT number, cityHash64(number, 'slot') % ${devices} AS slot, ${spread('slot', 'device')} AS device,
  cityHash64(number, 'at') % ${SPAN_MS} AS at, cityHash64(number, 'dice') % 100 AS dice, ${pick(EVENTS.map(([name]) => name))} AS name
FROM numbers(${first}, ${rows}))`;
}
