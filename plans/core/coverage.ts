/** What a plan expects beside what arrives. */
import { nearNames } from '#lib/near-names.ts';
import { type ExpectedEvent, expectedEvents } from './expected-events.ts';
import type { Observed, ObservedEvent, ObservedProperty, PropertyOf } from './observed.ts';
import type { Plan, PlannedProperty, Sender } from './plan.ts';
import { wantedText } from './violation-text.ts';

export type Coverage = {
  readonly totals: {
    /** Events of the plan, and how many of them are in each state. */
    readonly planned: number;
    readonly arriving: number;
    readonly malformed: number;
    readonly missing: number;
    readonly autocaptured: number;
    /** Names of events that arrive and are not in the plan. */
    readonly unplanned: number;
  };
  /** In the plan's order. */
  readonly events: readonly EventCoverage[];
  /** Most first. */
  readonly unplanned: readonly UnplannedEvent[];
  readonly users: ProfileCoverage;
  readonly accounts: ProfileCoverage;
  readonly sessions: ProfileCoverage;
};

/**
 * - `arrives`: it does, and nothing is wrong with it.
 * - `malformed`: it does, but some have a wrong value, lack a required property, or come from the wrong side.
 * - `missing`: it does not.
 * - `autocaptured`: nobody sends it by its name, and nobody has to: it is to be defined over what is captured.
 */
export type EventStatus = 'arrives' | 'malformed' | 'missing' | 'autocaptured';

export type EventCoverage = {
  readonly name: string;
  readonly status: EventStatus;
  readonly autocaptured: boolean;
  readonly category: string;
  readonly owner: string;
  readonly from: Sender;
  readonly events: number;
  /** Events from the side (client, server) that the plan does not expect. */
  readonly wrongSender: number;
  /** Epoch ms; null = never in the range. */
  readonly lastAt: number | null;
  /** Names that arrive unplanned and may be meant, where it is missing. */
  readonly near: readonly string[];
  readonly properties: readonly PropertyCoverage[];
  /** Properties that arrive with it and are not planned, most first. */
  readonly unplanned: readonly UnplannedProperty[];
};

export type PropertyCoverage = {
  readonly name: string;
  readonly status: 'arrives' | 'malformed' | 'missing';
  /** What its values have to be, in words. */
  readonly wanted: string;
  readonly required: boolean;
  /** Events (users, accounts, sessions) that have it, and which share of all that is, 0 to 1. */
  readonly count: number;
  readonly share: number;
  readonly wrongType: number;
  readonly wrongValue: number;
  readonly examples: readonly string[];
  /** Names that arrive unplanned and may be meant, where it is missing. */
  readonly near: readonly string[];
};

export type UnplannedEvent = {
  readonly name: string;
  readonly events: number;
  readonly lastAt: number;
  /** Planned names that may be meant. */
  readonly near: readonly string[];
};

export type UnplannedProperty = {
  readonly name: string;
  readonly count: number;
  readonly near: readonly string[];
};

export type ProfileCoverage = {
  readonly properties: readonly PropertyCoverage[];
  readonly unplanned: readonly UnplannedProperty[];
};

export function coverage(plan: Plan, observed: Observed): Coverage {
  const planned = new Set(plan.events.map(({ name }) => name));
  const strangers = observed.events.filter(({ name, captured }) => !captured && !planned.has(name));
  const strangerNames = strangers.map(({ name }) => name);
  const events = Map.groupBy(expectedEvents(plan), ({ name }) => name);
  const covered = plan.events.map(({ name }) =>
    eventCoverage(events.get(name) ?? [], observed, strangerNames),
  );
  const inState = (status: EventStatus) => covered.filter((event) => event.status === status).length;
  const profile = (of: 'user' | 'account' | 'session', properties: readonly PlannedProperty[]) => {
    const present = observed.properties.filter((property) => property.of === of);
    const whole = observed.subjects[of];
    return propertiesCoverage(properties, present, observed, { of, names: [''], captured: undefined, whole });
  };
  return {
    totals: {
      planned: plan.events.length,
      arriving: inState('arrives'),
      malformed: inState('malformed'),
      missing: inState('missing'),
      autocaptured: inState('autocaptured'),
      unplanned: strangers.length,
    },
    events: covered,
    unplanned: strangers
      .map(({ name, events, lastAt }) => ({ name, events, lastAt, near: nearNames(name, [...planned]) }))
      .toSorted((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1)),
    users: profile('user', plan.userProperties),
    accounts: profile('account', plan.accountProperties),
    // What a session has that no plan names is Cairn's own.
    sessions: { ...profile('session', plan.sessionProperties), unplanned: [] },
  };
}

function eventCoverage(
  expected: readonly ExpectedEvent[],
  observed: Observed,
  strangers: readonly string[],
): EventCoverage {
  const { name, event } = expected[0] as ExpectedEvent;
  const { autocaptured = false, from = 'either', category = '', owner = '' } = event ?? {};
  const ways = expected.map(({ captured }) => captured);
  const seen = observed.events.filter((one) => one.name === name && ways.includes(one.captured));
  const events = sum(seen, (one) => one.events);
  const fromServer = sum(seen, (one) => one.fromServer);
  const wrongSender = from === 'client' ? fromServer : from === 'server' ? events - fromServer : 0;
  const present = observed.properties.filter(
    (one) => one.of === 'event' && one.event === name && ways.includes(one.captured),
  );
  const planned = [
    ...new Map(
      expected.toReversed().flatMap(({ properties }) => properties.map((one) => [one.name, one])),
    ).values(),
  ];
  const place = { of: 'event', names: [name], captured: ways, whole: events } as const;
  const { properties, unplanned } = propertiesCoverage(planned, present, observed, place);
  const isMalformed = wrongSender > 0 || properties.some(({ status }) => status === 'malformed');
  const lacksRequired = properties.some(({ required, count }) => required && count < events);
  return {
    name,
    status: statusOf(events, isMalformed || lacksRequired, autocaptured),
    ...{ autocaptured, category, owner, from, events, wrongSender },
    lastAt: events === 0 ? null : Math.max(...seen.map(({ lastAt }: ObservedEvent) => lastAt)),
    near: events === 0 ? nearNames(name, strangers) : [],
    properties,
    unplanned,
  };
}

function statusOf(events: number, isMalformed: boolean, autocaptured: boolean): EventStatus {
  if (events === 0) return autocaptured ? 'autocaptured' : 'missing';
  return isMalformed ? 'malformed' : 'arrives';
}

type Place = {
  readonly of: PropertyOf;
  readonly names: readonly string[];
  /** Undefined = does not matter. */
  readonly captured: readonly boolean[] | undefined;
  /** How many there are in all. */
  readonly whole: number;
};

function propertiesCoverage(
  planned: readonly PlannedProperty[],
  present: readonly ObservedProperty[],
  observed: Observed,
  { of, names, captured, whole }: Place,
): ProfileCoverage {
  const counts = new Map<string, number>();
  for (const { name, count } of present) counts.set(name, (counts.get(name) ?? 0) + count);
  const known = new Set(planned.map(({ name }) => name));
  const strangers = [...counts].filter(([name]) => !known.has(name));
  const properties = planned.map((property): PropertyCoverage => {
    const { name, required } = property;
    const faults = observed.faults.filter(
      (fault) =>
        fault.of === of &&
        names.includes(fault.event) &&
        fault.name === name &&
        (captured?.includes(fault.captured) ?? true),
    );
    const wrongType = sum(faults, (fault) => fault.wrongType);
    const wrongValue = sum(faults, (fault) => fault.wrongValue);
    const count = counts.get(name) ?? 0;
    return {
      name,
      status:
        wrongType + wrongValue > 0 || (required && count > 0 && count < whole)
          ? 'malformed'
          : count === 0
            ? 'missing'
            : 'arrives',
      wanted: wantedText(property),
      required,
      count,
      share: whole === 0 ? 0 : Math.min(1, count / whole),
      wrongType,
      wrongValue,
      examples: faults.flatMap(({ examples }) => examples),
      near:
        count === 0
          ? nearNames(
              name,
              strangers.map(([other]) => other),
            )
          : [],
    };
  });
  return {
    properties,
    unplanned: strangers
      .map(([name, count]) => ({ name, count, near: nearNames(name, [...known]) }))
      .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
  };
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0);
}
