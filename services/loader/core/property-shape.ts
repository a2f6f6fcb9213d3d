/*
 * Which properties a record has, without parsing it. The shape of a properties text is a 53-bit hash of its keys
 * and the types of their values, in order; records of one event name have few shapes, and one that was seen
 * before teaches nothing new.
 */

/** The text needs a closer look: an escape in a key, a surrogate, a number that may not fit, or no flat object. */
export const ODD = -1;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;

/** Digits in a row that every 64-bit integer has room for. */
const SAFE_DIGITS = 18;

/**
 * A text that says a time: ISO 8601, a date or a date with a time of day, with or without a zone; UTC where it names
 * none. Also a pattern of ClickHouse's, which would read the zero date of MySQL, minute 61 and day 0 as other times, so
 * each part is within its range. Days that a month does not have ClickHouse itself refuses.
 */
export const TIME_TEXT =
  /^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?$/;

const LONGEST_TIME = 40;

/** Whether the text of a JSON value from its quote up to the byte after its closing one says a time. */
function isTime(json: Buffer, start: number, end: number): boolean {
  // Nearly every text is told apart by its length or by where a date has its hyphens.
  const length = end - start - 2;
  if (length < 10 || length > LONGEST_TIME) return false;
  if (json[start + 5] !== MINUS || json[start + 8] !== MINUS) return false;
  return TIME_TEXT.test(json.toString('latin1', start + 1, end - 1));
}

/** Shape of the JSON text of a flat object, or ODD. */
export function shapeOf(json: Buffer): number {
  const length = json.length;
  if (json[0] !== OPEN || length < 2) return ODD;
  if (length === 2) return json[1] === CLOSE ? 0 : ODD;
  let high = 0x811c9dc5;
  let low = 0x9747b28c;
  let at = 1;
  for (;;) {
    if (json[at] !== QUOTE) return ODD;
    at += 1;
    for (;;) {
      const byte = json[at];
      if (byte === undefined || byte === BACKSLASH || byte < 0x20) return ODD;
      if (byte === QUOTE) break;
      high = Math.imul(high ^ byte, 0x01000193);
      low = Math.imul(low ^ byte, 0x5bd1e995);
      at += 1;
    }
    if (json[at + 1] !== COLON) return ODD;
    at += 2;
    const first = json[at];
    const end = valueEnd(json, at);
    if (first === undefined || end === ODD) return ODD;
    const type = first === QUOTE ? (isTime(json, at, end) ? 4 : 1) : first === 0x74 || first === 0x66 ? 2 : 3;
    // A byte below 0x20 never occurs in a key, so keys and types cannot be mistaken for each other.
    high = Math.imul(high ^ type, 0x01000193);
    low = Math.imul(low ^ type, 0x5bd1e995);
    low ^= low >>> 15;
    if (json[end] === CLOSE) return end === length - 1 ? (high >>> 0) * 2 ** 21 + (low >>> 11) : ODD;
    if (json[end] !== COMMA) return ODD;
    at = end + 1;
  }
}

/** Position after a string, number or boolean; ODD for anything else. */
function valueEnd(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return stringEnd(json, start + 1);
  if (first === 0x74) return isWord(json, start, 'true') ? start + 4 : ODD;
  if (first === 0x66) return isWord(json, start, 'false') ? start + 5 : ODD;
  return numberEnd(json, first === MINUS ? start + 1 : start);
}

function stringEnd(json: Buffer, start: number): number {
  for (let at = start; ; at += 1) {
    const byte = json[at];
    if (byte === undefined || byte < 0x20) return ODD;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) {
      at += 1;
      // \ud800 to \udfff may be half a character, which ClickHouse refuses.
      if (json[at] === 0x75 && (json[at + 1] === 0x64 || json[at + 1] === 0x44)) return ODD;
    }
  }
}

function isWord(json: Buffer, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i += 1) if (json[start + i] !== word.charCodeAt(i)) return false;
  return true;
}

function numberEnd(json: Buffer, start: number): number {
  let at = start;
  for (let byte = json[at]; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = json[at]) at += 1;
  if (at === start || at - start > SAFE_DIGITS) return ODD;
  for (;;) {
    const byte = json[at];
    const isNumeric =
      byte !== undefined &&
      ((byte >= 0x30 && byte <= 0x39) ||
        byte === 0x2e ||
        byte === 0x2b ||
        byte === MINUS ||
        byte === 0x65 ||
        byte === 0x45);
    if (!isNumeric) return at;
    at += 1;
  }
}
