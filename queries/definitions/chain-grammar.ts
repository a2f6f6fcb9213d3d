/*
 * The element chain of an event, `hierarchy`, as a regular expression that RE2 and JavaScript read alike. From the
 * element an event happened on up, each element is
 *
 *   @tag;  #id;  .class;  .class;  [attribute=value];  [attribute];  |
 *
 * without the spaces, in this order; what an element does not have is left out. Nothing is escaped in it: a tag, an id
 * and a class hold neither `;` nor `|`, and a value ends at the first `];`.
 */

/** A part of a tag, an id or a class. */
const WORD = '[^;|]*';
/** A part of a value that does not end in `]`. */
const OPEN_VALUE = '(?:[^\\]]|\\]+[^\\];])*';
/** A value, or a part of one. */
const VALUE = `${OPEN_VALUE}\\]*`;

export const ANY_TAG = WORD;
export const ANY_ID = `(?:#${WORD};)?`;
/** All classes, or some in a row. */
export const CLASSES = `(?:\\.${WORD};)*`;
/** All attributes, or some in a row. */
export const ATTRIBUTES = `(?:\\[${VALUE}\\];)*`;
/** A whole element. */
export const ELEMENT = `@${ANY_TAG};${ANY_ID}${CLASSES}${ATTRIBUTES}\\|`;

/** A text that matches itself alone. */
export function exactly(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A text of which ASCII letters match in either case. */
export function eitherCase(text: string): string {
  return [...text]
    .map((character) =>
      /[a-zA-Z]/.test(character)
        ? `[${character.toLowerCase()}${character.toUpperCase()}]`
        : exactly(character),
    )
    .join('');
}

/** What may stand before and after a part of a text, by what the part begins and ends with. */
export type Surroundings = {
  readonly before: (part: string) => string;
  readonly after: (part: string) => string;
};

export const IN_WORD: Surroundings = { before: () => WORD, after: () => WORD };

/** The parts of a value next to another must not make a `];` with it. */
export const IN_VALUE: Surroundings = {
  before: (part) => (part.startsWith(';') ? OPEN_VALUE : VALUE),
  after: (part) => (part.endsWith(']') ? `\\]*(?:[^\\];]${VALUE})?` : VALUE),
};
