import type { Violation } from './compile-plan.ts';
import type { PlannedProperty } from './plan.ts';

const LONGEST_SHOWN = 80;

/** What is wrong, as a sentence without a full stop. `subject` is such as `event "Refund"`. */
export function violationText({ code, property, value }: Violation, subject: string): string {
  switch (code) {
    case 'unplanned_event':
      return `Cannot accept ${subject}: the tracking plan has no such event`;
    case 'wrong_sender':
      return `Cannot accept ${subject}: the tracking plan expects it from the other side (client or server)`;
    case 'missing_property':
      return `Cannot accept ${subject}: the tracking plan requires property ${JSON.stringify(property?.name)}, ${wantedText(property)}`;
    case 'wrong_type':
    case 'wrong_value':
      return `Cannot accept ${subject}: property ${JSON.stringify(property?.name)} has to be ${wantedText(property)}, current value is ${shown(value)}`;
    default:
      throw new TypeError(`Cannot describe a violation: unknown code ${code satisfies never}`);
  }
}

/** What a property's values are, such as `a number from 0 to 5`. */
export function wantedText(property: PlannedProperty | undefined): string {
  if (property === undefined) return 'as planned';
  const { type, oneOf, pattern, atLeast, atMost, longest } = property;
  if (oneOf !== undefined) return `one of ${oneOf.map((value) => JSON.stringify(value)).join(', ')}`;
  if (type === 'time') return 'a time (ISO 8601, or epoch milliseconds)';
  if (type === 'boolean') return 'true or false';
  if (type === 'number') {
    if (atLeast !== undefined && atMost !== undefined) return `a number from ${atLeast} to ${atMost}`;
    if (atLeast !== undefined) return `a number of at least ${atLeast}`;
    return atMost === undefined ? 'a number' : `a number of at most ${atMost}`;
  }
  const limits = [
    ...(longest === undefined ? [] : [`of at most ${longest} characters`]),
    ...(pattern === undefined ? [] : [`that fits ${pattern}`]),
  ];
  return ['a string', ...limits].join(' ');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  const cut = text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN).toWellFormed()}...`;
  return `the ${typeof value} ${cut}`;
}
