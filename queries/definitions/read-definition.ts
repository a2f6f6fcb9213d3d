import type { Place } from '../written/place.ts';
import { type Read, readAnyText, readChoice, readList, readText, readWhole } from '../written/read-value.ts';
import { WrittenObject } from '../written/written-object.ts';
import { type ComboPart, DEFINITION_KINDS, type Definition, type DefinitionKind } from './definition.ts';
import { PATTERN_KEYS, readPattern } from './read-pattern.ts';

/** What a file says of all its definitions that say nothing themselves. */
export type FileDefaults = { readonly category: string; readonly owner: string };

/** A definition as far as its own words go. */
export type WrittenDefinition = Omit<Definition, 'place' | 'yaml'>;

/** Parts of one combo. */
const MOST_PARTS = 200;
const MOST_VERSIONS = 1_000_000;

const OWN_KEYS = {
  event: PATTERN_KEYS,
  combo: ['any of'],
  label: ['event'],
} as const satisfies Readonly<Record<DefinitionKind, readonly string[]>>;

const COMMON_KEYS = [
  ...['name', 'kind', 'category', 'owner', 'description', 'verified', 'version', 'changed', 'archived'],
];

/** One entry of a file's `events`. Its kind follows from its keys where it names none: a combo has `any of`. */
export function readDefinition(
  value: unknown,
  place: Place,
  defaults: FileDefaults,
): WrittenDefinition | undefined {
  const keys = [...new Set([...COMMON_KEYS, ...Object.values(OWN_KEYS).flat()])];
  const written = WrittenObject.read(value, place, keys, 'a definition: an object with name and kind');
  if (written === undefined) return undefined;
  const name = written.required('name', readName, 'a name');
  const kind = written.or('kind', readChoice(DEFINITION_KINDS), written.has('any of') ? 'combo' : 'event');
  const foreign = Object.values(OWN_KEYS)
    .flat()
    .filter((key) => written.has(key) && !(OWN_KEYS[kind] as readonly string[]).includes(key));
  for (const key of new Set(foreign)) place.at(key).refuse(`there is none in a definition of kind ${kind}`);
  const meaning = foreign.length > 0 ? undefined : meaningOf(kind, written);
  const rest = {
    category: written.or('category', readAnyText, defaults.category),
    owner: written.or('owner', readAnyText, defaults.owner),
    description: written.or('description', readAnyText, ''),
    verified: written.or('verified', readYes, false),
    version: written.or('version', readWhole(1, MOST_VERSIONS), 1),
    changed: written.or('changed', readAnyText, ''),
    archived: written.or('archived', readYes, false),
  };
  return name === undefined || meaning === undefined ? undefined : { name, kind, meaning, ...rest };
}

/** A name without what could be taken for something else where it is written behind `@`. */
const readName: Read<string> = (value, place) => {
  const name = readText(value, place);
  if (name === undefined) return undefined;
  if (name.startsWith('@') || name !== name.trim() || /[\p{Cc}]/u.test(name)) {
    return place.want('a name without @ before it, spaces around it, or control characters', name);
  }
  return name;
};

/** YAML 1.2 takes `yes` and `no` for words. */
const readYes: Read<boolean> = (value, place) => {
  if (value === true || value === 'yes') return true;
  return value === false || value === 'no' ? false : place.want('yes or no', value);
};

function meaningOf(kind: DefinitionKind, written: WrittenObject): Definition['meaning'] | undefined {
  if (kind === 'event') return readPattern(written);
  if (kind === 'label') {
    const event = written.required('event', readText, 'the name of an event, as it was sent');
    return event === undefined ? undefined : { names: [event] };
  }
  const parts = readList(readPart, 1, MOST_PARTS);
  const anyOf = written.required('any of', parts, 'a list of definitions and events');
  return anyOf && { anyOf };
}

/** A part of a combo: the name of a definition, or `{ event: NAME }`. */
const readPart: Read<ComboPart> = (value, place) => {
  if (typeof value === 'string') {
    const definition = readText(value, place);
    return definition === undefined ? undefined : { definition: definition.replace(/^@/, '') };
  }
  const keys = ['event', 'definition'];
  const written = WrittenObject.read(value, place, keys, 'the name of a definition, or { event: NAME }');
  if (written === undefined) return undefined;
  if (written.has('event') === written.has('definition'))
    return place.refuse('want one of event or definition');
  const event = written.optional('event', readText);
  const definition = written.optional('definition', readText);
  if (event !== undefined) return { event };
  return definition === undefined ? undefined : { definition };
};
