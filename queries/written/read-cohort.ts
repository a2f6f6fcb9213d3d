import type { Cohort, CohortRule } from '../cohort.ts';
import type { Condition, EventMatch } from '../event-match.ts';
import { propertyText } from '../property-ref.ts';
import type { Place } from './place.ts';
import { readCondition } from './read-condition.ts';
import { type Definitions, readEvent } from './read-event.ts';
import { readRange } from './read-range.ts';
import { type Read, readChoice, readList, readWhole } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

const MOST_RULES = 20;
const MOST_TIMES = 1_000_000;
const HOLD = ['all', 'any'] as const;

/** A cohort: `{ hold: any, rules: [...] }`, or the list of rules alone, all of which hold. */
export function readCohort(definitions: Definitions, nowMs: number): Read<Cohort> {
  return (value, place) => {
    if (typeof value === 'string' || Array.isArray(value)) {
      const rules = readRules(definitions, nowMs)(value, place);
      return rules && { hold: 'all', rules };
    }
    const written = WrittenObject.read(value, place, ['hold', 'rules'], 'a list of rules, or hold and rules');
    return written && cohortOf(written, definitions, nowMs);
  };
}

/** The cohort that the keys `hold` and `rules` of an object say. */
export function cohortOf(
  written: WrittenObject,
  definitions: Definitions,
  nowMs: number,
): Cohort | undefined {
  const hold = written.or('hold', readChoice(HOLD), 'all');
  const rules = written.required('rules', readRules(definitions, nowMs), 'a list of rules');
  return rules && { hold, rules };
}

function readRules(definitions: Definitions, nowMs: number): Read<readonly CohortRule[]> {
  return readList(readRule(definitions, nowMs), 1, MOST_RULES);
}

/** A rule: a condition on a property of the user or account, `{ has: condition }`, or `{ did: event, at least: 2, from: -30d }`. */
function readRule(definitions: Definitions, nowMs: number): Read<CohortRule> {
  return (value, place) => {
    if (typeof value === 'string') return hasRule(value, place);
    const keys = ['did', 'at least', 'at most', 'from', 'to', 'has'];
    const written = WrittenObject.read(
      value,
      place,
      keys,
      'a rule, such as { did: Signup } or user.plan = pro',
    );
    if (written === undefined) return undefined;
    if (!written.has('has')) return didRule(written, definitions, nowMs);
    for (const key of keys) {
      if (key !== 'has' && written.has(key))
        place.at(key).refuse('there is none in a rule that has a condition');
    }
    return written.required('has', hasRule, 'a condition');
  };
}

const hasRule: Read<CohortRule> = (value, place) => {
  const has = readCondition(value, place);
  return has && (ofPerson(has, place) ? { has } : undefined);
};

function ofPerson({ property }: Condition, place: Place): boolean {
  if (property.of === 'user' || property.of === 'account') return true;
  place.refuse(
    `want a property of the user or the account, such as user.${property.name}, current value is ${propertyText(property)}`,
  );
  return false;
}

function didRule(written: WrittenObject, definitions: Definitions, nowMs: number): CohortRule | undefined {
  const did: EventMatch | undefined = written.required(
    'did',
    readEvent(definitions),
    'an event, or has: a condition',
  );
  const times = readWhole(0, MOST_TIMES);
  const counts = {
    ...written.some('at least', times, 'atLeast'),
    ...written.some('at most', times, 'atMost'),
  };
  if ((counts.atLeast ?? 0) > (counts.atMost ?? MOST_TIMES)) {
    written.place
      .at('at least')
      .refuse(`want no more than at most, which is ${counts.atMost}, current value is ${counts.atLeast}`);
  }
  return did && { did, ...counts, ...readRange(written, nowMs) };
}
