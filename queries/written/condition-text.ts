import type { Condition } from '../event-match.ts';
import type { PropertyRef } from '../property-ref.ts';
import type { Place } from './place.ts';
import { readProperty, writtenProperty } from './property-text.ts';
import { beginsQuoted, quoted, takeQuoted } from './quoted-text.ts';
import { LONGEST_TEXT, readAnyText, readNumber, readText } from './read-value.ts';

/** Values that one condition may list. */
export const MOST_VALUES = 1000;

/** What stands between a property and a value, and what it means. */
const OPERATORS = {
  '>=': 'at least',
  '<=': 'at most',
  '!=': 'none of',
  '=': 'one of',
  '>': 'more than',
  '<': 'less than',
  'not in': 'none of',
  in: 'one of',
  contains: 'containing',
  'starts with': 'starting with',
  'ends with': 'ending with',
  matches: 'matching',
  'is known': 'known',
  'is unknown': 'unknown',
  known: 'known',
  unknown: 'unknown',
} as const satisfies Readonly<Record<string, Condition['is']>>;
type Operator = keyof typeof OPERATORS;

const SIGNS = /^(\s*)(>=|<=|!=|=|>|<)/;
const WORDS =
  /^(\s+)(not in|in|contains|starts with|ends with|matches|is known|is unknown|known|unknown)(?=\s|$)/;

const FORM =
  'a condition such as plan = pro, plan != pro, plan in a, b, field.path starts with /x, contains, ends with, matches, price >= 10, plan known or plan unknown';

/** Reads a condition of text: property, operator, value. */
export function readConditionText(text: string, place: Place): Condition | undefined {
  // Longer than the text alone: a condition may list many values.
  if (text.length > 100 * LONGEST_TEXT) return place.refuse(`want ${FORM}`);
  const parts = split(text.trim());
  if (parts === undefined) return place.want(FORM, text);
  const property = readProperty(parts.property, place);
  return property && conditionOf(property, parts.operator, parts.value, place);
}

/** The first operator that is not within quotes ends the property. */
function split(text: string): { property: string; operator: Operator; value: string } | undefined {
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const found = SIGNS.exec(rest) ?? WORDS.exec(rest);
    if (found !== null && at > 0) {
      return {
        property: text.slice(0, at),
        operator: found[2] as Operator,
        value: rest.slice(found[0].length).trim(),
      };
    }
    const opens =
      beginsQuoted(rest) && (at === 0 || /^(?:field|session|user|account)\.$/.test(text.slice(0, at)));
    at += opens ? rest.length - (takeQuoted(rest)?.rest ?? '').length : 1;
  }
  return undefined;
}

function conditionOf(
  property: PropertyRef,
  operator: Operator,
  value: string,
  place: Place,
): Condition | undefined {
  const is = OPERATORS[operator];
  switch (is) {
    case 'known':
    case 'unknown':
      return value === ''
        ? { property, is }
        : place.refuse(`want nothing after ${operator}, current value is ${JSON.stringify(value)}`);
    case 'less than':
    case 'at most':
    case 'more than':
    case 'at least': {
      const number = readNumber(value, place);
      return number === undefined ? undefined : { property, is, value: number };
    }
    case 'one of':
    case 'none of': {
      const values = /in$/.test(operator) ? readValues(value, place) : [readOneValue(value, place)];
      const all = values.filter((one) => one !== undefined);
      if (all.length !== values.length) return undefined;
      return all.length > MOST_VALUES
        ? place.refuse(`want at most ${MOST_VALUES} values, current number is ${all.length}`)
        : { property, is, values: all };
    }
    default: {
      const text = readOneValue(value, place);
      return text === undefined || readText(text, place) === undefined
        ? undefined
        : { property, is, value: text };
    }
  }
}

function readOneValue(text: string, place: Place): string | undefined {
  if (text === '') return place.refuse('want a value after the operator; an empty one is written ""');
  if (!beginsQuoted(text)) return readAnyText(text, place);
  const taken = takeQuoted(text);
  if (taken === undefined) return place.want('a quote that ends', text);
  return taken.rest.trim() === ''
    ? readAnyText(taken.value, place)
    : place.want('nothing after the quoted value', text);
}

/** Values between commas, each in quotes or not. */
function readValues(text: string, place: Place): readonly (string | undefined)[] {
  const values: (string | undefined)[] = [];
  let rest = text;
  for (;;) {
    const taken = beginsQuoted(rest) ? takeQuoted(rest) : undefined;
    const end = taken === undefined ? rest.indexOf(',') : rest.length - taken.rest.length;
    const plain = taken === undefined && end === -1 ? rest : rest.slice(0, end);
    values.push(readOneValue(plain.trim(), place));
    const after = taken === undefined && end === -1 ? '' : rest.slice(end).trimStart();
    if (after === '') return values;
    if (!after.startsWith(',')) return [place.want('values with commas between them', text)];
    rest = after.slice(1).trimStart();
  }
}

const SIGN_OF: Readonly<Record<Condition['is'], Operator>> = {
  'one of': 'in',
  'none of': 'not in',
  containing: 'contains',
  'starting with': 'starts with',
  'ending with': 'ends with',
  matching: 'matches',
  'less than': '<',
  'at most': '<=',
  'more than': '>',
  'at least': '>=',
  known: 'known',
  unknown: 'unknown',
};

/** A condition as text that is read as the same condition. */
export function conditionText(condition: Condition): string {
  const property = writtenProperty(condition.property);
  const sign = SIGN_OF[condition.is];
  if ('values' in condition) {
    const [only, ...others] = condition.values;
    return only !== undefined && others.length === 0
      ? `${property} ${condition.is === 'one of' ? '=' : '!='} ${writtenValue(only)}`
      : `${property} ${sign} ${condition.values.map(writtenInList).join(', ')}`;
  }
  if (!('value' in condition)) return `${property} ${sign}`;
  return `${property} ${sign} ${typeof condition.value === 'number' ? condition.value : writtenValue(condition.value)}`;
}

function writtenValue(value: string): string {
  return value === '' || value !== value.trim() || beginsQuoted(value) ? quoted(value) : value;
}

function writtenInList(value: string): string {
  return value.includes(',') ? quoted(value) : writtenValue(value);
}
