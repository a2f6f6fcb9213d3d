/**
 * Patterns of texts: a part of regular expressions that JavaScript and RE2, which ClickHouse has, read alike, and that
 * cannot take long: characters, `.`, `\d`, `\w`, `\D`, `\W`, classes, and repetition of one of these. No groups, no
 * alternatives, and few repetitions that may end here or there, or a text could be tried in too many ways. A pattern fits a
 * whole text, line breaks included.
 */

/** Longest text of a pattern. */
const LONGEST = 200;
/** Largest number of a repetition: RE2 takes no more than 1000 in all. */
const MOST_REPEATED = 255;
/** Length that a repetition without an upper bound can have: that of the longest value. */
const LONGEST_VALUE = 1024;
/** Most ways to try a text. */
const MOST_WAYS = 2_000_000;

const ATOM = String.raw`(?:[^\\()[\]{}|^$*+?]|\.|\\[dwDW]|\\[^0-9a-zA-Z]|\[\^?(?:[^\\\][]|\\[dw]|\\[^0-9a-zA-Z])+\])`;
const REPETITION = String.raw`(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?`;
const WHOLE = new RegExp(`^(?:${ATOM}${REPETITION})*$`, 'u');
const PIECES = new RegExp(`${ATOM}(${REPETITION})`, 'gu');

/** Why a text is no such pattern; empty where it is one. */
export function patternProblem(pattern: string): string {
  if (pattern.length > LONGEST) return `it has ${pattern.length} characters, the most is ${LONGEST}`;
  if (!WHOLE.test(pattern))
    return 'want characters, ., \\d, \\w, [classes] and * + ? {m,n} behind one of them; no groups, no |';
  const repetitions = [...pattern.matchAll(PIECES)].map(([, repetition = '']) => repetition);
  const most = Math.max(0, ...repetitions.flatMap((one) => [...one.matchAll(/\d+/g)].map(Number)));
  if (most > MOST_REPEATED) return `it repeats ${most} times, the most is ${MOST_REPEATED}`;
  const ways = repetitions.reduce((product, one) => product * waysOf(one), 1);
  if (ways > MOST_WAYS) return 'it has too many repetitions that may end here or there';
  try {
    patternOf(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

/** Lengths that a repetition can have. */
function waysOf(repetition: string): number {
  if (repetition === '') return 1;
  if (repetition === '?') return 2;
  const [, least = '0', comma, most = ''] = /^\{(\d+)(,?)(\d*)\}$/.exec(repetition) ?? [
    undefined,
    '0',
    ',',
    '',
  ];
  if (comma === '') return 1;
  return most === '' ? LONGEST_VALUE : Math.max(1, Number(most) - Number(least) + 1);
}

/** The pattern as JavaScript tries it. Throws SyntaxError where it is none. */
export function patternOf(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'su');
}

/** The pattern as RE2 tries it. */
export function patternInRe2(pattern: string): string {
  return `^(?s:${pattern})$`;
}

/** A time in a text: ISO 8601, a date alone or with a time of day; the same in both. */
export const TIME_PATTERN: string =
  '[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-4]):[0-5][0-9](:([0-5][0-9]|60)([.,][0-9]{1,9})?)?( ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?))?)?';

/** Largest epoch time of a JavaScript date, in ms. */
export const LARGEST_TIME_MS = 8.64e15;
