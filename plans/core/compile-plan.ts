/**
 * A plan as the collector asks it: compiled once, then a question costs one look-up and one test for each planned
 * property, and makes no object unless something is wrong. Properties that the plan does not name are no violation.
 */
import { expectedEvents } from './expected-events.ts';
import { LARGEST_TIME_MS, patternOf, TIME_PATTERN } from './pattern.ts';
import type { Plan, PlannedEvent, PlannedProperty } from './plan.ts';

/** What can be wrong with an event. Codes are stable: they label a metric. */
export const VIOLATION_CODES = [
  'unplanned_event',
  'wrong_sender',
  'missing_property',
  'wrong_type',
  'wrong_value',
] as const;
export type ViolationCode = (typeof VIOLATION_CODES)[number];

export type Violation = {
  readonly code: ViolationCode;
  /** The property it is about; undefined where it is about the event. */
  readonly property?: PlannedProperty;
  readonly value?: unknown;
};

/** Flat properties as the log keeps them: texts, finite numbers, booleans. */
export type Properties = Readonly<Record<string, unknown>>;

export type CompiledPlan = {
  /** First thing that is wrong with an event; undefined where all is well. `isCaptured`: nobody chose its name. */
  checkEvent(
    name: string,
    isCaptured: boolean,
    fromServer: boolean,
    properties: Properties,
  ): Violation | undefined;
  checkUser(properties: Properties): Violation | undefined;
  checkAccount(properties: Properties): Violation | undefined;
};

type PropertyCheck = {
  readonly property: PlannedProperty;
  readonly required: boolean;
  readonly pattern: RegExp | undefined;
  readonly allowed: ReadonlySet<unknown> | undefined;
};

type EventCheck = { readonly event: PlannedEvent | undefined; readonly properties: readonly PropertyCheck[] };

const UNPLANNED: Violation = { code: 'unplanned_event' };
const WRONG_SENDER: Violation = { code: 'wrong_sender' };
const ISO_TIME = new RegExp(`^${TIME_PATTERN}$`);

export function compilePlan(plan: Plan): CompiledPlan {
  const sent = new Map<string, EventCheck>();
  const captured = new Map<string, EventCheck>();
  for (const { name, captured: isCaptured, event, properties } of expectedEvents(plan))
    (isCaptured ? captured : sent).set(name, eventCheck(event, properties));
  const anyEvent = eventCheck(undefined, plan.eventProperties);
  const user = optional(plan.userProperties);
  const account = optional(plan.accountProperties);
  return {
    checkEvent(name, isCaptured, fromServer, properties) {
      const check = (isCaptured ? captured : sent).get(name);
      if (check === undefined)
        return firstWrong(anyEvent.properties, properties) ?? (isCaptured ? undefined : UNPLANNED);
      const from = check.event?.from;
      if (fromServer ? from === 'client' : from === 'server') return WRONG_SENDER;
      return firstWrong(check.properties, properties);
    },
    checkUser: (properties) => firstWrong(user, properties),
    checkAccount: (properties) => firstWrong(account, properties),
  };
}

function eventCheck(event: PlannedEvent | undefined, properties: readonly PlannedProperty[]): EventCheck {
  return { event, properties: properties.map((property) => propertyCheck(property, property.required)) };
}

function optional(properties: readonly PlannedProperty[]): readonly PropertyCheck[] {
  return properties.map((property) => propertyCheck(property, false));
}

function propertyCheck(property: PlannedProperty, required: boolean): PropertyCheck {
  const { oneOf, pattern } = property;
  return {
    property,
    required,
    pattern: pattern === undefined ? undefined : patternOf(pattern),
    allowed: oneOf === undefined ? undefined : new Set(oneOf),
  };
}

function firstWrong(checks: readonly PropertyCheck[], properties: Properties): Violation | undefined {
  for (let index = 0; index < checks.length; index += 1) {
    const check = checks[index] as PropertyCheck;
    const { property } = check;
    const value = properties[property.name];
    // Nothing else is a value: what an object inherits (`constructor`) is none of its own.
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      if (check.required) return { code: 'missing_property', property };
      continue;
    }
    if (!hasType(value, property)) return { code: 'wrong_type', property, value };
    if (!isAllowed(value, check)) return { code: 'wrong_value', property, value };
  }
  return undefined;
}

function hasType(value: unknown, { type }: PlannedProperty): boolean {
  if (type !== 'time') return typeof value === type;
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= LARGEST_TIME_MS;
  return typeof value === 'string' && ISO_TIME.test(value);
}

function isAllowed(value: unknown, { property, pattern, allowed }: PropertyCheck): boolean {
  if (allowed !== undefined && !allowed.has(value)) return false;
  if (typeof value === 'number') {
    const { atLeast, atMost } = property;
    return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost);
  }
  if (typeof value !== 'string') return true;
  const { longest } = property;
  if (longest !== undefined && value.length > longest && isLonger(value, longest)) return false;
  return pattern === undefined || pattern.test(value);
}

/** In code points: a text has at most as many of them as units. */
function isLonger(text: string, longest: number): boolean {
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters > longest;
}
