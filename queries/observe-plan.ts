import { expectedEvents } from '#plans/core/expected-events.ts';
import type { Observed, ObservedEvent, ObservedFault, ObservedProperty } from '#plans/core/observed.ts';
import type { Plan } from '#plans/core/plan.ts';
import { columnName } from '#schemas/names.ts';
import type { EventScope } from './event-scope.ts';
import {
  arrivingEventsQuery,
  arrivingProfilesQuery,
  arrivingPropertiesQuery,
  faultsQuery,
  type Planned,
  profilesQuery,
  sessionColumnsQuery,
  sessionPropertiesQuery,
} from './plan-coverage.ts';
import type { Ask } from './query.ts';

/** Properties of one query: each is some 1500 characters of SQL, and ClickHouse reads 262 144. */
const PROPERTIES_AT_ONCE = 80;

/** What arrives in an environment of what a plan expects, and beside it. `database`: the environment's name. */
export async function observePlan(
  ask: Ask,
  plan: Plan,
  scope: EventScope,
  database: string,
): Promise<Observed> {
  const events = (await ask<ObservedEvent>(arrivingEventsQuery(scope))).map((row) => ({
    ...row,
    captured: Boolean(row.captured),
  }));
  const ofEvents = await ask<{ event: string; captured: unknown; property: string; count: number }>(
    arrivingPropertiesQuery(scope),
  );
  const [user, account, session] = [
    await profileOf(ask, scope, 'user'),
    await profileOf(ask, scope, 'account'),
    await sessionsOf(ask, plan, scope, database),
  ];
  const places: Planned[] = [
    ...expectedEvents(plan)
      .filter(({ name, captured }) => events.some((one) => one.name === name && one.captured === captured))
      .map(({ name, captured, properties }) => ({ of: 'event' as const, event: name, captured, properties })),
    ...(['user', 'account'] as const).map((of) => ({
      ...{ of, event: '', captured: false },
      properties: of === 'user' ? plan.userProperties : plan.accountProperties,
    })),
  ].filter(({ properties }) => properties.length > 0);
  return {
    events,
    properties: [
      ...ofEvents.map(({ event, captured, property, count }) => ({
        ...{ of: 'event' as const, event, captured: Boolean(captured), name: property, count },
      })),
      ...user.properties,
      ...account.properties,
      ...session.properties,
    ],
    faults: await faultsOf(ask, scope, places),
    subjects: { user: user.count, account: account.count, session: session.count },
  };
}

type Profile = { readonly count: number; readonly properties: readonly ObservedProperty[] };

async function profileOf(ask: Ask, scope: EventScope, of: 'user' | 'account'): Promise<Profile> {
  const rows = await ask<{ property: string; count: number }>(arrivingProfilesQuery(scope, of));
  const [all] = await ask<{ count: number }>(profilesQuery(scope, of));
  return {
    count: all?.count ?? 0,
    properties: rows.map(({ property, count }) => ({
      of,
      event: '',
      captured: false,
      name: property,
      count,
    })),
  };
}

async function sessionsOf(ask: Ask, plan: Plan, scope: EventScope, database: string): Promise<Profile> {
  const planned = plan.sessionProperties.map(({ name }) => name);
  if (planned.length === 0) return { count: 0, properties: [] };
  const columns = new Set(
    (await ask<{ name: string }>(sessionColumnsQuery(database))).map(({ name }) => name),
  );
  const known = planned.filter((name) => columns.has(columnName(name)));
  if (known.length === 0) return { count: 0, properties: [] };
  const [row] = await ask<{ sessions: number; count: number[] }>(
    sessionPropertiesQuery(scope, database, known),
  );
  return {
    count: row?.sessions ?? 0,
    properties: known
      .map((name, index) => ({
        ...{ of: 'session' as const, event: '', captured: false, name, count: row?.count[index] ?? 0 },
      }))
      .filter(({ count }) => count > 0),
  };
}

async function faultsOf(ask: Ask, scope: EventScope, places: readonly Planned[]): Promise<ObservedFault[]> {
  const faults: ObservedFault[] = [];
  for (const some of batches(places)) {
    const rows = await ask<{
      index: number;
      wrongType: number[];
      wrongValue: number[];
      examples: string[][];
    }>(faultsQuery(scope, some));
    for (const { index, wrongType, wrongValue, examples } of rows) {
      const { of, event, captured, properties } = some[index] as Planned;
      for (const [place, { name }] of properties.entries()) {
        const fault = { wrongType: wrongType[place] ?? 0, wrongValue: wrongValue[place] ?? 0 };
        if (fault.wrongType + fault.wrongValue > 0)
          faults.push({ of, event, captured, name, ...fault, examples: (examples[place] ?? []).toSorted() });
      }
    }
  }
  return faults;
}

/** Places in lists of so many properties; one with more is several. */
function batches(places: readonly Planned[]): Planned[][] {
  const all: Planned[][] = [[]];
  let room = PROPERTIES_AT_ONCE;
  for (const place of places) {
    for (let rest = place.properties; rest.length > 0; ) {
      if (room === 0) {
        all.push([]);
        room = PROPERTIES_AT_ONCE;
      }
      const properties = rest.slice(0, room);
      all.at(-1)?.push({ ...place, properties });
      rest = rest.slice(properties.length);
      room -= properties.length;
    }
  }
  return all.filter((batch) => batch.length > 0);
}
