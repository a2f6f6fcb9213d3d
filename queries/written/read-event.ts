import { didYouMean } from '#lib/near-names.ts';
import { ANY_EVENT, type Condition, type EventMatch, type EventPattern, eventNamed } from '../event-match.ts';
import { conditionText } from './condition-text.ts';
import type { Place } from './place.ts';
import { readConditions } from './read-condition.ts';
import { orList, type Read, readList, readText } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

/** Events by the name of their definition, as questions may name them. */
export type Definitions = ReadonlyMap<string, EventMatch>;

/** Names, or patterns, that one event may be made of. */
const MOST_NAMES = 200;

const KEYS = ['event', 'where', 'any of', 'definition', 'label'];
const FORM = 'an event: its name, or an object with event, any of or definition';

/**
 * An event: `Signup`, `*` for any, `@name` for a definition; or an object with one of `event` (a name, or several), `any of` (events)
 * and `definition`, or none of them for any event; with `where` (conditions, all of which hold) and `label`. As an object's
 * `event`, a name is taken as it is.
 */
export function readEvent(definitions: Definitions): Read<EventMatch> {
  return (value, place) => readEventWith(definitions, value, place, []);
}

/** An event whose object has some keys more, which the caller reads. */
export function readEventWith(
  definitions: Definitions,
  value: unknown,
  place: Place,
  more: readonly string[],
): EventMatch | undefined {
  if (typeof value !== 'object' || value === null) return readShort(definitions, value, place);
  const keys = [...KEYS, ...more];
  const written = WrittenObject.read(value, place, keys, FORM);
  if (written === undefined) return undefined;
  const sources = ['event', 'any of', 'definition'].filter((key) => written.has(key));
  if (sources.length > 1)
    return place.refuse(`want one of ${orList(sources)}, not ${sources.length} of them`);
  const base = baseOf(definitions, written);
  const where = written.or('where', readConditions, []);
  const label = written.optional('label', readText);
  if (base === undefined) return undefined;
  return {
    label: label ?? labelOf(base.label, where),
    anyOf: base.anyOf.map((pattern) => narrowed(pattern, where)),
  };
}

function readShort(definitions: Definitions, value: unknown, place: Place): EventMatch | undefined {
  const text = readText(value, place);
  if (text === undefined) return undefined;
  if (text === '*') return ANY_EVENT;
  return text.startsWith('@') ? defined(definitions, text.slice(1), place) : eventNamed(text);
}

function baseOf(definitions: Definitions, written: WrittenObject): EventMatch | undefined {
  if (written.has('definition')) {
    const name = written.optional('definition', readText);
    return name === undefined ? undefined : defined(definitions, name, written.place.at('definition'));
  }
  if (written.has('any of')) {
    const events = written.optional('any of', readList(readEvent(definitions), 1, MOST_NAMES));
    return (
      events && {
        label: orLabel(events.map(({ label }) => label)),
        anyOf: events.flatMap(({ anyOf }) => anyOf),
      }
    );
  }
  if (!written.has('event')) return ANY_EVENT;
  const names = written.optional('event', readList(readText, 1, MOST_NAMES));
  return names && { label: orLabel(names), anyOf: [{ names }] };
}

function defined(definitions: Definitions, name: string, place: Place): EventMatch | undefined {
  const known = definitions.get(name);
  if (known !== undefined) return known;
  const names = [...definitions.keys()];
  const hint = didYouMean(name, names) || (names.length === 0 ? '; there are none' : '');
  return place.refuse(`unknown definition ${JSON.stringify(name)}${hint}`);
}

function narrowed(pattern: EventPattern, where: readonly Condition[]): EventPattern {
  return where.length === 0 ? pattern : { ...pattern, where: [...(pattern.where ?? []), ...where] };
}

/** How answers call an event that has no label of its own. */
export function labelOf(name: string, where: readonly Condition[]): string {
  return where.length === 0 ? name : `${name} (${where.map(conditionText).join(', ')})`;
}

export function orLabel(labels: readonly string[]): string {
  return [...new Set(labels)].join(' or ');
}
