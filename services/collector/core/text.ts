/** Longest property key, property value, event name or plain text field, in UTF-16 code units as Heap counts. */
export const MAX_TEXT = 1024;

/** The text cut to at most `max` UTF-16 code units, never inside a code point. */
export function truncated(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? max - 1 : max);
}

/** What the collector changed in a record; the values of its `flags`. */
export type Flag =
  | 'time_corrected'
  | 'time_clamped'
  | 'key_truncated'
  | 'key_dropped'
  | 'value_truncated'
  | 'surrogate_replaced';

export function addFlag(flags: string[], flag: Flag): void {
  if (!flags.includes(flag)) flags.push(flag);
}

/**
 * Text that every later stage can store: lone surrogates replaced by U+FFFD (UTF-8 has none), then cut.
 * What was changed is flagged.
 */
export function storable(text: string, max: number, tooLong: Flag, flags: string[]): string {
  let result = text;
  if (result.length > max) {
    result = truncated(result, max);
    addFlag(flags, tooLong);
  }
  if (!result.isWellFormed()) {
    result = result.toWellFormed();
    addFlag(flags, 'surrogate_replaced');
  }
  return result;
}
