import type { ClickHouseClient } from '@clickhouse/client';
import type { Environment } from '#lib/config/environments.ts';
import type { RetentionRow } from '#queries/answers.ts';
import { eventNamed } from '#queries/event-match.ts';
import { type FunnelRow, funnelQuery, PLAIN_FUNNEL } from '#queries/funnel.ts';
import type { Query } from '#queries/query.ts';
import { retentionQuery } from '#queries/retention.ts';
import { ask } from '../clickhouse-access.ts';
import type { Figures } from './figures.ts';
import { FUNNELS, RETENTION, SUMS } from './questions.ts';
import { labelled, retentionLabels } from './truth.ts';

export type Place = {
  readonly clickhouse: ClickHouseClient;
  readonly environment: Environment;
  readonly generation: number;
};

/** The figures of the truth as ClickHouse answers them, by the queries of the commands where there is one. */
export async function findFigures(place: Place): Promise<Figures> {
  const { clickhouse, environment } = place;
  const one = async (sql: string): Promise<Record<string, number>> =>
    (await ask<Record<string, number>>(clickhouse, inPlace(place, sql)))[0] ?? {};
  const names = await ask<{ name: string; count: number }>(
    clickhouse,
    inPlace(
      place,
      'SELECT name, count() AS count FROM cairn.resolved_events WHERE environment = {environment:UInt16} GROUP BY name',
    ),
  );
  const funnels: Record<string, Record<string, number>> = {};
  for (const { title, steps, withinMs } of FUNNELS) {
    const query = funnelQuery({
      ...PLAIN_FUNNEL,
      environment: environment.number,
      database: environment.name,
      accountIdProperty: environment.options.accountIdProperty,
      steps: steps.map(eventNamed),
      withinMs: Number.isFinite(withinMs) ? withinMs : undefined,
    });
    const [row] = await ask<FunnelRow>(clickhouse, query);
    funnels[`funnel, ${title}`] = labelled(steps, row?.counts ?? []);
  }
  const { start, back, days } = RETENTION;
  const cohorts = await ask<RetentionRow>(
    clickhouse,
    retentionQuery({
      environment: environment.number,
      database: environment.name,
      accountIdProperty: environment.options.accountIdProperty,
      start: eventNamed(start),
      back: eventNamed(back),
      every: 'day',
      periods: days,
      cohorts: 'first in range',
      counts: 'in',
      subject: 'user',
    }),
  );
  return {
    events: await one(EVENTS),
    'events by name': Object.fromEntries(names.map(({ name, count }) => [name, count])),
    people: { ...(await one(PEOPLE)), ...(await one(BINDINGS)) },
    sessions: { ...(await one(SESSIONS)), ...(await one(READERS_SESSIONS)), ...(await one(EVENTS_SESSIONS)) },
    ...funnels,
    retention: retentionLabels(
      cohorts.map(({ cohort, users, returned }) => ({
        day: cohort,
        size: users,
        // A day that has not begun: nobody has come back on it.
        returned: returned.map((count) => count ?? 0),
      })),
    ),
    'sums, in hundredths': await sums(place),
  };
}

const EVENTS = `SELECT count() AS all, countIf(is_bot) AS \`of bots\`
FROM cairn.resolved_events WHERE environment = {environment:UInt16}`;

const PEOPLE = `SELECT uniqExact(user_id) AS \`with events\`,
  uniqExactIf(user_id, user_id IN (SELECT user_id FROM {database:Identifier}.users WHERE identity IS NOT NULL)) AS \`of them identified\`
FROM cairn.resolved_events WHERE environment = {environment:UInt16}`;

const BINDINGS = `SELECT countIf(counts = 1) AS \`devices bound to them\`,
  countIf(counts = 0) AS \`devices beyond the limit of ten\`
FROM cairn.user_migrations FINAL WHERE generation = {generation:UInt16} AND environment = {environment:UInt16}`;

const SESSIONS = `SELECT uniqExactIf((device_id, session_id), NOT gap) AS \`numbered by clients\`,
  uniqExactIf((device_id, session_id), gap AND library = 'web') AS \`from gaps, web\`,
  uniqExactIf((device_id, session_id), gap AND library != 'web') AS \`from gaps, mobile\`, sum(event_count) AS \`events in them\`
FROM cairn.sessions FINAL
WHERE generation = {generation:UInt16} AND environment = {environment:UInt16} AND merged_into = 0`;

const READERS_SESSIONS = 'SELECT count() AS `as readers see them` FROM {database:Identifier}.sessions';

const EVENTS_SESSIONS = `SELECT uniqExact(device_id, session_id) AS \`named by events\`
FROM cairn.resolved_events WHERE environment = {environment:UInt16} AND source != 'server'`;

async function sums(place: Place): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { title, event, property } of SUMS) {
    const { sql, params } = inPlace(
      place,
      `SELECT sum(round(100 * toFloat64OrZero(toString(getSubcolumn(properties, {property:String}))))) AS sum
FROM cairn.resolved_events WHERE environment = {environment:UInt16} AND name = {event:String}`,
    );
    const [row] = await ask<{ sum: number }>(place.clickhouse, {
      sql,
      params: { ...params, event, property },
    });
    found[title] = row?.sum ?? 0;
  }
  return found;
}

function inPlace({ environment, generation }: Place, sql: string): Query {
  return { sql, params: { environment: environment.number, database: environment.name, generation } };
}
