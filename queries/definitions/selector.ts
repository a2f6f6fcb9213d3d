import { SelectorError, SelectorScanner } from './selector-scanner.ts';

export const ATTRIBUTE_TESTS = ['exists', '=', '~=', '|=', '^=', '$=', '*='] as const;

/** A condition on an attribute; those on `class` and `id` are of this kind too. */
export type AttributeTest = {
  readonly attribute: string;
  readonly how: (typeof ATTRIBUTE_TESTS)[number];
  /** Empty for `exists`. */
  readonly value: string;
  /** ASCII letters of the value match in either case. */
  readonly ignoreCase: boolean;
  /** Characters of the selector before it. */
  readonly offset: number;
};

/** What one element must be. */
export type Compound = {
  /** undefined = any. */
  readonly tag: string | undefined;
  readonly tests: readonly AttributeTest[];
  readonly offset: number;
};

/** An element and what it is within, from the element up. */
export type Complex = {
  readonly target: Compound;
  /** `child`: its parent is; `descendant`: its parent or any element above. */
  readonly above: readonly { readonly relation: 'child' | 'descendant'; readonly compound: Compound }[];
};

/** Longest selector: far above what people write. */
const LONGEST_SELECTOR = 1000;

/**
 * Attributes of HTML whose values are compared without case, if the selector does not say otherwise.
 * Source: HTML standard, "Case-sensitivity of selectors".
 */
const CASELESS_ATTRIBUTES: ReadonlySet<string> = new Set(
  `accept accept-charset align alink axis bgcolor charset checked clear codetype color compact declare defer dir
direction disabled enctype face frame hreflang http-equiv lang language link media method multiple nohref noresize
noshade nowrap readonly rel rev rules scope scrolling selected shape target text type valign valuetype vlink`.split(
    /\s+/,
  ),
);

/**
 * Reads a list of CSS selectors: tags, ids, classes and attributes, within one another (`A B`, `A > B`). What an
 * element chain cannot answer is refused: pseudo-classes, pseudo-elements, siblings, namespaces. Throws SelectorError.
 */
export function parseSelector(text: string): readonly Complex[] {
  if (text.length > LONGEST_SELECTOR) {
    throw new SelectorError(
      `it has ${text.length} characters, want at most ${LONGEST_SELECTOR}`,
      LONGEST_SELECTOR,
    );
  }
  const scanner = new SelectorScanner(text);
  const list: Complex[] = [];
  do {
    list.push(complex(scanner));
  } while (scanner.take(','));
  if (scanner.next !== '') scanner.fail('want a tag, #id, .class or [attribute]');
  return list;
}

function complex(scanner: SelectorScanner): Complex {
  scanner.skipWhitespace();
  // From the outermost element down; `relation` is that to the one before.
  const steps: { relation: 'child' | 'descendant'; compound: Compound }[] = [
    { relation: 'descendant', compound: compound(scanner) },
  ];
  for (;;) {
    const apart = scanner.skipWhitespace();
    if (scanner.next === '' || scanner.next === ',') break;
    if (scanner.next === '+' || scanner.next === '~') {
      scanner.fail('siblings are not captured: an element can be told only by itself and what it is within');
    }
    const isChild = scanner.take('>');
    if (!isChild && !apart) break;
    scanner.skipWhitespace();
    steps.push({ relation: isChild ? 'child' : 'descendant', compound: compound(scanner) });
  }
  const fromTarget = steps.toReversed();
  return {
    target: (fromTarget[0] as (typeof steps)[number]).compound,
    above: fromTarget.slice(1).map(({ compound }, index) => ({
      relation: (fromTarget[index] as (typeof steps)[number]).relation,
      compound,
    })),
  };
}

function compound(scanner: SelectorScanner): Compound {
  const offset = scanner.offset;
  let tag: string | undefined;
  let isEmpty = true;
  if (scanner.take('*')) isEmpty = false;
  else if (scanner.atIdentifier) {
    tag = scanner.identifier('a tag');
    isEmpty = false;
  }
  if (scanner.next === '|') scanner.fail('namespaces are not captured');
  const tests: AttributeTest[] = [];
  for (;;) {
    const test = simple(scanner);
    if (test === undefined) break;
    tests.push(test);
    isEmpty = false;
  }
  if (isEmpty) scanner.fail('want a tag, #id, .class or [attribute]');
  return { tag, tests, offset };
}

function simple(scanner: SelectorScanner): AttributeTest | undefined {
  const offset = scanner.offset;
  if (scanner.take('#')) {
    const value = scanner.identifier('an id after #');
    return { attribute: 'id', how: '=', value, ignoreCase: false, offset };
  }
  if (scanner.take('.')) {
    const value = scanner.identifier('a class after .');
    return { attribute: 'class', how: '~=', value, ignoreCase: false, offset };
  }
  if (scanner.take('[')) return attributeTest(scanner, offset);
  if (scanner.next === ':') {
    throw new SelectorError(
      'pseudo-classes and pseudo-elements (:hover, :nth-child(), ::before) are not captured; want tags, #ids, .classes and [attributes]',
      offset,
    );
  }
  return undefined;
}

function attributeTest(scanner: SelectorScanner, offset: number): AttributeTest {
  scanner.skipWhitespace();
  if (scanner.next === '*' || scanner.next === '|') scanner.fail('namespaces are not captured');
  const attribute = scanner
    .identifier('the name of an attribute')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  scanner.skipWhitespace();
  if (scanner.take(']')) return { attribute, how: 'exists', value: '', ignoreCase: false, offset };
  const how = (['=', '~=', '|=', '^=', '$=', '*='] as const).find((operator) => scanner.take(operator));
  if (how === undefined) scanner.fail('want ] or one of = ~= |= ^= $= *= after the name of an attribute');
  scanner.skipWhitespace();
  const isQuoted = scanner.next === '"' || scanner.next === "'";
  const value = isQuoted
    ? scanner.string()
    : scanner.identifier('a value in quotes, or one that is a plain word');
  const apart = scanner.skipWhitespace();
  let ignoreCase = CASELESS_ATTRIBUTES.has(attribute);
  if (isQuoted || apart) {
    if (scanner.take('i') || scanner.take('I')) ignoreCase = true;
    else if (scanner.take('s') || scanner.take('S')) ignoreCase = false;
  }
  scanner.skipWhitespace();
  if (!scanner.take(']')) scanner.fail('want ] after the value of an attribute');
  return { attribute, how, value, ignoreCase, offset };
}
