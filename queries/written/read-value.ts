import { durationMs } from '#lib/config/duration.ts';
import { type Place, shown } from './place.ts';

/** Reads a written value; undefined where it has noted a problem. */
export type Read<T> = (value: unknown, place: Place) => T | undefined;

/** Longest text that a question may hold: names of events and properties have 1024 characters at most. */
export const LONGEST_TEXT = 1024;

/** Longest time that may be asked for. */
const LONGEST_DURATION_MS = 3660 * 86_400_000;

/** A text that is not empty. Numbers and booleans are taken as JSON writes them: YAML makes them of `42` and `true`. */
export const readText: Read<string> = (value, place) => readLongText(value, place, LONGEST_TEXT);

/** A text of so many characters at most that is not empty. */
export function readLongText(value: unknown, place: Place, most: number): string | undefined {
  const text = textOf(value, place, most);
  return text === '' ? place.want('a text that is not empty', value) : text;
}

/** A text, also an empty one. */
export const readAnyText: Read<string> = (value, place) => textOf(value, place, LONGEST_TEXT);

function textOf(value: unknown, place: Place, most: number): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return place.want('a text', value);
  }
  const text = String(value);
  if (text.length > most) {
    return place.refuse(`want at most ${most} characters, current number is ${text.length}: ${shown(text)}`);
  }
  // A half of a character outside of Unicode's first plane is none: it could not be sent.
  return text.isWellFormed() ? text : place.want('a text of whole characters', value);
}

export const readFlag: Read<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : place.want('true or false', value);

/** One of some words. */
export function readChoice<const T extends string>(choices: readonly T[]): Read<T> {
  return (value, place) => choices.find((choice) => choice === value) ?? place.want(orList(choices), value);
}

/** A whole number within bounds, both inclusive; also as text. */
export function readWhole(least: number, most: number): Read<number> {
  return (value, place) => {
    const number = numberOf(value);
    return number !== undefined && Number.isInteger(number) && number >= least && number <= most
      ? number
      : place.want(`a whole number from ${least} to ${most}`, value);
  };
}

/** How many values, paths or accounts an answer tells apart. */
export const readTop: Read<number> = readWhole(1, 1000);

/** Any number; also as text. */
export const readNumber: Read<number> = (value, place) => numberOf(value) ?? place.want('a number', value);

function numberOf(value: unknown): number | undefined {
  const text = typeof value === 'string' ? value.trim() : value;
  const number =
    typeof text === 'number' || (typeof text === 'string' && text !== '') ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Milliseconds of a duration such as `30m` or `7d`. */
export const readDuration: Read<number> = (value, place) => {
  let ms: number;
  try {
    ms = durationMs(typeof value === 'string' ? value : '');
  } catch (error) {
    return place.refuse(`${(error as Error).message}, current value is ${shown(value)}`);
  }
  return ms >= 1 && ms <= LONGEST_DURATION_MS ? ms : place.want('a duration from 1ms to 3660d', value);
};

/** A list of some length, or one element alone. */
export function readList<T>(read: Read<T>, least: number, most: number): Read<readonly T[]> {
  return (value, place) => {
    const elements = Array.isArray(value) ? value : [value];
    if (elements.length < least)
      return place.refuse(`want at least ${least}, current number is ${elements.length}`);
    if (elements.length > most)
      return place.refuse(`want at most ${most}, current number is ${elements.length}`);
    const all = elements.map((element, index) =>
      read(element, Array.isArray(value) ? place.at(index) : place),
    );
    return all.some((one) => one === undefined) ? undefined : (all as T[]);
  };
}

/** `a, b or c` */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
