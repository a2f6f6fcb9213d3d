/** Digits in a row that may be more than a double keeps. */
const MANY_DIGITS = /\d{16}/;

/** JSON.parse, but an integer that a JavaScript number cannot keep becomes its text. Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
}

function keepDigits(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const loses =
    typeof value === 'number' &&
    source !== undefined &&
    /^-?\d+$/.test(source) &&
    !Number.isSafeInteger(value);
  return loses ? source : value;
}
