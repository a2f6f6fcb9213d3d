/** What an organisation asks of its definitions. */
export type Convention = {
  /** How names look, such as `Object Action`, or a regular expression between slashes. */
  readonly names?: { readonly text: string; readonly pattern: RegExp } | undefined;
  /** Categories that may be used; undefined = any. */
  readonly categories?: readonly string[] | undefined;
  /** What no definition goes without. */
  readonly required: readonly RequiredField[];
};

export const REQUIRED_FIELDS = ['category', 'owner', 'description'] as const;
export type RequiredField = (typeof REQUIRED_FIELDS)[number];

/** A convention that asks for nothing. */
export const NO_CONVENTION: Convention = { required: [] };

/** What may stand between words, the ones that bind closest first. */
const BETWEEN_WORDS = [' ', '_', '-', '.', ''];

const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Words that look like this one: `Object` begins with a capital, `OBJECT` has only them, `object` has none. */
function wordLike(word: string): string {
  if (/^[A-Z]{2,}$/.test(word)) return '[A-Z0-9]+';
  return /^[A-Z]/.test(word) ? '[A-Z0-9][A-Za-z0-9]*' : '[a-z0-9]+';
}

/**
 * Names that look like an example. Each of its words stands for one or more words of the same case, and what is between the
 * words stands for itself: `Object Action` takes `Checkout Started` and `Shopping Cart Item Added`, not `Checkout` or
 * `checkout started`; `Category - Object Action` and `object_action` go the same way. Undefined where it has no word.
 */
export function namesLike(example: string): RegExp | undefined {
  const parts = example.split(/([A-Za-z0-9]+)/);
  const words = parts.filter((_, index) => index % 2 === 1);
  if (words.length === 0) return undefined;
  const between = parts.filter((_, index) => index % 2 === 0).slice(1, -1);
  const closest = BETWEEN_WORDS.find((separator) => between.includes(separator)) ?? ' ';
  const pattern = parts.map((part, index) => {
    if (index % 2 === 0) return quoted(part);
    const word = wordLike(part);
    return `${word}(?:${quoted(closest)}${word})*`;
  });
  return new RegExp(`^${pattern.join('')}$`);
}
