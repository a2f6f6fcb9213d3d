import type { Condition } from '../event-match.ts';
import { MOST_VALUES, readConditionText } from './condition-text.ts';
import type { Place } from './place.ts';
import { readProperty } from './property-text.ts';
import { type Read, readAnyText, readChoice, readList, readNumber, readText } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

/** Conditions that one pattern may have. */
export const MOST_CONDITIONS = 50;

const KINDS = [
  ...['one of', 'none of', 'containing', 'starting with', 'ending with', 'matching'],
  ...['less than', 'at most', 'more than', 'at least', 'known', 'unknown'],
] as readonly Condition['is'][];

/** A condition, as text (`plan = pro`) or as an object (`{ property: plan, is: one of, values: [pro] }`). */
export const readCondition: Read<Condition> = (value, place) => {
  if (typeof value === 'string') return readConditionText(value, place);
  const keys = ['property', 'is', 'value', 'values'];
  const written = WrittenObject.read(value, place, keys, 'a condition, such as plan = pro');
  if (written === undefined) return undefined;
  const property = written.required('property', readProperty, 'a property such as plan or user.plan');
  const is = written.required('is', readChoice(KINDS), KINDS.join(', '));
  if (property === undefined || is === undefined) return undefined;
  return withValue(written, property, is, place);
};

function withValue(
  written: WrittenObject,
  property: Condition['property'],
  is: Condition['is'],
  place: Place,
): Condition | undefined {
  const surplus = (key: string) =>
    written.has(key) && place.at(key).refuse(`there is none where a property is ${is}`);
  switch (is) {
    case 'known':
    case 'unknown':
      surplus('value');
      surplus('values');
      return { property, is };
    case 'one of':
    case 'none of': {
      surplus('value');
      const values = written.required('values', readList(readAnyText, 1, MOST_VALUES), 'a list of values');
      return values && { property, is, values };
    }
    case 'less than':
    case 'at most':
    case 'more than':
    case 'at least': {
      surplus('values');
      const value = written.required('value', readNumber, 'a number');
      return value === undefined ? undefined : { property, is, value };
    }
    default: {
      surplus('values');
      const value = written.required('value', readText, 'a text');
      return value === undefined ? undefined : { property, is, value };
    }
  }
}

/** Conditions all of which hold: a list, or one alone. */
export const readConditions: Read<readonly Condition[]> = readList(readCondition, 0, MOST_CONDITIONS);
