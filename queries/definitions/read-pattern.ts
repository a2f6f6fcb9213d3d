import { CAPTURED_TYPES } from '#schemas/kinds.ts';
import type { Condition, EventPattern } from '../event-match.ts';
import type { FIELDS } from '../property-ref.ts';
import type { Place } from '../written/place.ts';
import { readConditions } from '../written/read-condition.ts';
import { type Read, readChoice, readList, readLongText, readText } from '../written/read-value.ts';
import { WrittenObject } from '../written/written-object.ts';
import { globCondition } from './glob.ts';
import { selectorConditions } from './selector-conditions.ts';
import { SelectorError } from './selector-scanner.ts';

/** Keys of a definition that say which events it is. */
export const PATTERN_KEYS = ['on', 'event', 'selector', 'page', 'text', 'where'];

/** Names or texts that one definition may list. */
const MOST_TEXTS = 200;
const LONGEST_SELECTOR = 10_000;

/** What `on` takes: the kinds of /v1/capture. */
const CAPTURED_KINDS = CAPTURED_TYPES.map((type) => (type === 'view page' ? 'pageview' : type));

/**
 * Events by `on` (captured kinds) or `event` (names as sent), narrowed by `selector`, `page`, `text` and `where`. A custom
 * event that has the name of a captured kind is none of that kind.
 */
export function readPattern(written: WrittenObject): EventPattern | undefined {
  const { place } = written;
  if (written.has('on') === written.has('event')) {
    return place.refuse(
      `want one of on (${CAPTURED_KINDS.join(', ')}) or event (a name as it was sent)${written.has('on') ? ', not both' : ''}`,
    );
  }
  const kinds = written.optional('on', readList(readChoice(CAPTURED_KINDS), 1, CAPTURED_KINDS.length));
  const names = kinds ?? written.optional('event', readList(readText, 1, MOST_TEXTS));
  if (written.has('event')) refuseElements(written);
  const where = [
    ...(kinds === undefined ? [] : [ofTypes(kinds)]),
    ...(written.optional('selector', readSelector) ?? []),
    ...(written.optional('page', readPage) ?? []),
    ...some(written.optional('text', readGlobs('target_text'))),
    ...(written.optional('where', readConditions) ?? []),
  ];
  for (const { property } of where) {
    if (property.of !== 'event' && property.of !== 'field') {
      place
        .at('where')
        .refuse(
          `want properties of the event, such as plan or field.path, current property is ${property.of}.${property.name}; whose events count is for the question`,
        );
    }
  }
  return names && { names: [...new Set(names)], ...(where.length === 0 ? {} : { where }) };
}

const some = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

function ofTypes(kinds: readonly string[]): Condition {
  const values = kinds.map((kind) => (kind === 'pageview' ? 'view page' : kind));
  return { property: { of: 'field', name: 'type' }, is: 'one of', values: [...new Set(values)] };
}

/** An event that a program sent happened on no element. */
function refuseElements(written: WrittenObject): void {
  for (const key of ['selector', 'text']) {
    if (written.has(key)) written.place.at(key).refuse('only captured events happen on an element: want on');
  }
}

const readSelector: Read<readonly Condition[]> = (value, place) => {
  const selector = readLongText(value, place, LONGEST_SELECTOR);
  if (selector === undefined) return undefined;
  try {
    return selectorConditions(selector);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    const { message, offset } = error;
    return place.refuse(
      `cannot use the selector ${JSON.stringify(selector.slice(0, 80))}: at ${offset + 1}, ${message}`,
    );
  }
};

/** A text, or several, any of which; with `*` in it for anything. */
function readGlobs(field: (typeof FIELDS)[number]): Read<Condition> {
  return (value, place) => {
    const texts = readList(readText, 1, MOST_TEXTS)(value, place);
    return texts && globCondition({ of: 'field', name: field }, texts);
  };
}

const PAGE_PARTS = ['domain', 'path', 'query', 'hash', 'title'] as const;

/** Where it happened: `shop.example/cart*`, `/cart*`, or parts of the address. */
const readPage: Read<readonly Condition[]> = (value, place) => {
  if (typeof value === 'object' && value !== null) {
    const written = WrittenObject.read(value, place, PAGE_PARTS, 'a page');
    return PAGE_PARTS.flatMap((part) => some(written?.optional(part, readGlobs(part))));
  }
  const text = readText(value, place);
  return text === undefined ? undefined : addressed(text, place);
};

function addressed(text: string, place: Place): readonly Condition[] | undefined {
  if (/^[a-z]+:\/\//i.test(text) || /[?#]/.test(text)) {
    return place.want(
      'a domain and a path such as shop.example/cart* or /cart*; or an object with domain, path, query, hash or title',
      text,
    );
  }
  const slash = text.indexOf('/');
  const [domain, path] = slash === -1 ? [text, ''] : [text.slice(0, slash), text.slice(slash)];
  return [
    ...(domain === '' ? [] : [globCondition({ of: 'field', name: 'domain' }, [domain])]),
    ...(path === '' ? [] : [globCondition({ of: 'field', name: 'path' }, [path])]),
  ];
}
