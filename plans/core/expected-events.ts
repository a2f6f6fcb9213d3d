import type { Plan, PlannedEvent, PlannedProperty } from './plan.ts';

/** What a plan expects of events of one name. */
export type ExpectedEvent = {
  readonly name: string;
  /** Of what is captured by itself (a pageview, a click), or of what an application sends by this name. */
  readonly captured: boolean;
  /** Undefined for pageviews that the plan names only the properties of. */
  readonly event: PlannedEvent | undefined;
  /** Its own first, then those of all events; of two with one name the first. */
  readonly properties: readonly PlannedProperty[];
};

/** Heap's name, and the collector's, for a view of a page. */
const PAGEVIEW = 'pageview';

/** Every event that a plan expects; an autocaptured one is expected both ways, as it may be defined or sent. */
export function expectedEvents(plan: Plan): readonly ExpectedEvent[] {
  const { events, eventProperties, pageviewProperties } = plan;
  const expected: ExpectedEvent[] = [];
  for (const event of events) {
    const { name, autocaptured, properties } = event;
    expected.push({ name, captured: false, event, properties: first(properties, eventProperties) });
    if (!autocaptured) continue;
    const ofPage = name === PAGEVIEW ? pageviewProperties : [];
    expected.push({ name, captured: true, event, properties: first(properties, ofPage, eventProperties) });
  }
  if (!expected.some(({ name, captured }) => captured && name === PAGEVIEW)) {
    const properties = first(pageviewProperties, eventProperties);
    expected.push({ name: PAGEVIEW, captured: true, event: undefined, properties });
  }
  return expected;
}

function first(...lists: readonly (readonly PlannedProperty[])[]): readonly PlannedProperty[] {
  const byName = new Map<string, PlannedProperty>();
  for (const property of lists.flat()) if (!byName.has(property.name)) byName.set(property.name, property);
  return [...byName.values()];
}
