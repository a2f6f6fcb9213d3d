import { is } from 'css-select';
import { Element } from 'domhandler';
import fc from 'fast-check';

/** An element as a client captures it. */
export type CapturedElement = {
  readonly tag: string;
  readonly id: string;
  readonly classes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
};

/** The element chain as docs/CAPTURE.md describes it; the target comes first. */
export function chainOf(elements: readonly CapturedElement[]): string {
  return elements
    .map(({ tag, id, classes, attributes }) =>
      [
        `@${tag};`,
        id === '' ? '' : `#${id};`,
        ...classes.map((name) => `.${name};`),
        ...Object.entries(attributes).map(([name, value]) => `[${name}=${value}];`),
        '|',
      ].join(''),
    )
    .join('');
}

/** What a CSS engine of somebody else says of the target, in a tree of these elements. */
export function isMatched(elements: readonly CapturedElement[], selector: string): boolean {
  const tree = elements.map(
    ({ tag, id, classes, attributes }) =>
      new Element(tag, {
        ...(id === '' ? {} : { id }),
        ...(classes.length === 0 ? {} : { class: classes.join(' ') }),
        ...attributes,
      }),
  );
  tree.forEach((element, index) => {
    const above = tree[index + 1];
    if (above === undefined) return;
    element.parent = above;
    above.children = [element];
  });
  return is(tree[0] as Element, selector);
}

const TAGS = ['div', 'a', 'button', 'form', 'my-element', 'h1'];
const IDS = ['buy', 'Buy', 'a.b', 'x[1]', '1st', '-', '--x', 'b\\c', 'ü', 'a b', '#', '@a', '$^', 'buy-now'];
const CLASSES = [
  'btn',
  'Btn',
  'btn-x',
  'md:flex',
  'w-1/2',
  '[&>p]',
  'a.b',
  'b*',
  '🎉',
  '@div',
  '\\d+',
  '(x)',
  '_',
  '-1',
];
const ATTRIBUTES = ['type', 'data-x', 'href', 'aria-label', 'lang', 'name'];
const VALUES = [
  ...['', 'submit', 'Submit', 'a]', ']', ']]', '[a', ';x', ';', 'a;b|c', '|@div;', '=', 'a=b', 'en-US', 'en'],
  ...[
    'a b c',
    ' a',
    'b\n',
    "it's",
    '"',
    '.*',
    '^$',
    '\\',
    '(?i)',
    '{2}',
    'é',
    '/cart?x=1&y=[2]',
    'x];'.slice(0, 2),
  ],
];

const anElement: fc.Arbitrary<CapturedElement> = fc.record({
  tag: fc.constantFrom(...TAGS),
  id: fc.oneof(fc.constant(''), fc.constantFrom(...IDS)),
  classes: fc.uniqueArray(fc.constantFrom(...CLASSES), { maxLength: 4 }),
  attributes: fc.dictionary(fc.constantFrom(...ATTRIBUTES), fc.constantFrom(...VALUES), { maxKeys: 3 }),
});

/** An identifier as CSS writes it: what is no letter or digit by its code. */
const written = (name: string) =>
  [...name]
    .map((character, index) =>
      /[a-zA-Z_\u00a0-\u{10ffff}]/u.test(character) || (index > 0 && /[-\d]/.test(character))
        ? character
        : `\\${(character.codePointAt(0) as number).toString(16)} `,
    )
    .join('');

const quoted = (value: string) =>
  `"${value.replace(/["\\\n]/g, (character) => `\\${character.charCodeAt(0).toString(16)} `)}"`;

/** ASCII letters alone: CSS has no other case, where the engine of the test has. */
const inCapitals = (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());

/** A part of a text, for `^=`, `$=` and `*=`. */
const partOf = (value: string, from: number, to: number, how: string) => {
  const length = value.length;
  if (how === '^=') return value.slice(0, to % (length + 1));
  if (how === '$=') return value.slice(from % (length + 1));
  const [low, high] = [from % (length + 1), to % (length + 1)].toSorted((a, b) => a - b);
  return value.slice(low, high);
};

/** Words of a compound selector; most are of the element itself, so that many selectors match. */
function compoundFor({ tag, id, classes, attributes }: CapturedElement): fc.Arbitrary<string> {
  const attribute = fc
    .record({
      name: fc.constantFrom(...(Object.keys(attributes).length === 0 ? ATTRIBUTES : Object.keys(attributes))),
      other: fc.constantFrom(...VALUES),
      own: fc.integer({ min: 0, max: 9 }),
      how: fc.constantFrom('', '=', '~=', '|=', '^=', '$=', '*='),
      from: fc.nat(20),
      to: fc.nat(20),
      flag: fc.constantFrom('', '', '', ' i', ' s'),
    })
    .map(({ name, other, own, how, from, to, flag }) => {
      if (how === '') return `[${name}]`;
      const value = own > 0 ? (attributes[name] ?? other) : other;
      const part =
        how === '=' || how === '|='
          ? value
          : how === '~='
            ? (value.split(' ').at(-1) ?? '')
            : partOf(value, from, to, how);
      return `[${name}${how}${quoted(flag === ' i' ? inCapitals(part) : part)}${flag}]`;
    });
  const ownClasses = fc
    .subarray([...classes])
    .map((list) => list.map((name) => `.${written(name)}`).join(''));
  return fc
    .record({
      tag: fc.constantFrom('', '', tag, tag, inCapitals(tag), '*', 'div'),
      id: fc.constantFrom(
        '',
        '',
        id === '' ? '' : `#${written(id)}`,
        '',
        '#buy',
        '[id]',
        '[id^=b]',
        '[id*="u"]',
      ),
      classes: fc.oneof(
        ownClasses,
        ownClasses,
        fc.constantFrom('.btn', '.b\\*', '[class*=b]', '[class~="btn"]', '[class]'),
      ),
      attributes: fc
        .uniqueArray(attribute, { maxLength: 2, selector: (text) => /\w[-\w]*/.exec(text)?.[0] })
        .map((list) => list.join('')),
    })
    .map(({ tag, id, classes, attributes }) => `${tag}${id}${classes}${attributes}` || '*');
}

/** A chain of elements and a selector that may match its target. */
export const aSelection: fc.Arbitrary<{ elements: readonly CapturedElement[]; selector: string }> = fc
  .array(anElement, { minLength: 1, maxLength: 5 })
  .chain((elements) =>
    fc
      .tuple(
        compoundFor(elements[0] as CapturedElement),
        fc.array(fc.tuple(fc.nat(4), fc.constantFrom(' ', ' ', '>', ' > ')), { maxLength: 2 }),
        fc.constantFrom('', '', '', '.nobody, ', 'h1, '),
      )
      .chain(([target, above, list]) =>
        fc
          .tuple(
            ...above.map(([step]) =>
              compoundFor(elements[Math.min(step, elements.length - 1)] as CapturedElement),
            ),
          )
          .map((compounds) => ({
            elements,
            selector:
              list +
              compounds.reduce((below, compound, index) => `${compound}${above[index]?.[1]}${below}`, target),
          })),
      ),
  );
