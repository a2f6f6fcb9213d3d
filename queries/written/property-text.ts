import { didYouMean } from '#lib/near-names.ts';
import { FIELDS, PROPERTY_SCOPES, type PropertyRef, type PropertyScope } from '../property-ref.ts';
import type { Place } from './place.ts';
import { beginsQuoted, quoted, takeQuoted } from './quoted-text.ts';
import { LONGEST_TEXT, type Read, readChoice, readLongText, readText } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

const PREFIXED = /^(field|session|user|account)\.(.*)$/s;

/** With its scope, and with backslashes before what must have them. */
const LONGEST_WRITTEN = 2 * LONGEST_TEXT + 20;

/**
 * A property: `plan`, `field.path`, `user.plan`; `"user.plan"` in quotes is a property of the event whose name begins so, as is
 * `{ of: event, name: user.plan }`.
 */
export const readProperty: Read<PropertyRef> = (value, place) => {
  if (typeof value === 'object' && value !== null) {
    const written = WrittenObject.read(value, place, ['of', 'name'], 'a property');
    const of = written?.required('of', readChoice(PROPERTY_SCOPES), PROPERTY_SCOPES.join(', '));
    const name = written?.required('name', readText, 'the name of a property');
    return of === undefined || name === undefined ? undefined : checked({ of, name }, place);
  }
  const text = readLongText(value, place, LONGEST_WRITTEN);
  if (text === undefined) return undefined;
  const property = propertyOf(text.trim());
  return property === undefined
    ? place.want('a property such as plan, field.path, user.plan or "a name in quotes"', value)
    : checked(property, place);
};

/** The property that a text names; undefined where it names none. */
function propertyOf(text: string): PropertyRef | undefined {
  const prefixed = PREFIXED.exec(text);
  const of = (prefixed?.[1] ?? 'event') as PropertyScope;
  const written = prefixed?.[2] ?? text;
  const name = beginsQuoted(written) ? unquoted(written) : written.trim();
  return name === undefined || name === '' ? undefined : { of, name };
}

function unquoted(text: string): string | undefined {
  const taken = takeQuoted(text);
  return taken?.rest.trim() === '' ? taken.value : undefined;
}

function checked(property: PropertyRef, place: Place): PropertyRef | undefined {
  if (readText(property.name, place) === undefined) return undefined;
  if (property.of !== 'field' || FIELDS.some((field) => field === property.name)) return property;
  const hint = didYouMean(property.name, FIELDS) || `; there is ${FIELDS.join(', ')}`;
  return place.refuse(`unknown field ${JSON.stringify(property.name)}${hint}`);
}

/** Where a condition's property ends, in a text without quotes at its beginning. */
const PLAIN = /^[^"'=<>!\s](?:[^=<>!]*[^=<>!\s])?$/s;
const WORDS = /\s(?:in|not|contains|starts|ends|matches|known|unknown|is)(?:\s|$)/i;

/** A property as text that is read as the same property, also in a condition. */
export function writtenProperty({ of, name }: PropertyRef): string {
  const isPlain = PLAIN.test(name) && !WORDS.test(name) && !(of === 'event' && PREFIXED.test(name));
  return `${of === 'event' ? '' : `${of}.`}${isPlain ? name : quoted(name)}`;
}
