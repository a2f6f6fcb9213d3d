import {
  ANY_ID,
  ANY_TAG,
  ATTRIBUTES,
  CLASSES,
  ELEMENT,
  eitherCase,
  exactly,
  IN_VALUE,
  IN_WORD,
  type Surroundings,
} from './chain-grammar.ts';
import { type AttributeTest, type Complex, type Compound, parseSelector } from './selector.ts';
import { SelectorError } from './selector-scanner.ts';
import { withoutImplied } from './selector-tests.ts';

/** Classes, or attributes, of one element: they come in any order, so the pattern holds every order of them. */
const MOST_TESTS = 5;

/** Longest pattern that is handed to ClickHouse. */
const LONGEST_PATTERN = 20_000;

const SPACE = '[ \\t\\n\\r\\f]';

/**
 * The regular expression (RE2; JavaScript reads it alike) that an element chain matches where a selector matches the
 * element it is of. Nothing of the selector gets into it but as a text that matches itself. Throws SelectorError.
 */
export function selectorPattern(selector: string): string {
  const alternatives = parseSelector(selector).map(complexPattern);
  const pattern = `^(?:${alternatives.join('|')})`;
  if (pattern.length > LONGEST_PATTERN) {
    throw new SelectorError('it asks for too many things at once: make several definitions and a combo', 0);
  }
  return pattern;
}

function complexPattern({ target, above }: Complex): string {
  return [
    compoundPattern(target),
    ...above.map(
      ({ relation, compound }) =>
        `${relation === 'descendant' ? `(?:${ELEMENT})*` : ''}${compoundPattern(compound)}`,
    ),
  ].join('');
}

function compoundPattern({ tag, tests, offset }: Compound): string {
  const of = (wanted: (attribute: string) => boolean) => tests.filter(({ attribute }) => wanted(attribute));
  const others = Map.groupBy(
    of((attribute) => attribute !== 'id' && attribute !== 'class'),
    ({ attribute }) => attribute,
  );
  if (tag !== undefined) refuseEnds(tag, /[;|]/, 'a tag', offset);
  return [
    `@${tag === undefined ? ANY_TAG : eitherCase(tag)};`,
    idPattern(of((attribute) => attribute === 'id')),
    inAnyOrder(classPatterns(of((attribute) => attribute === 'class')), CLASSES, 'classes', offset),
    inAnyOrder([...others.values()].map(attributePattern), ATTRIBUTES, 'attributes', offset),
    '\\|',
  ].join('');
}

function idPattern(tests: readonly AttributeTest[]): string {
  if (tests.length === 0) return ANY_ID;
  return `#${valuePattern(oneTest(tests), IN_WORD, /[;|]/, 'an id')};`;
}

function attributePattern(tests: readonly AttributeTest[]): string {
  const test = oneTest(tests);
  const name = eitherCase(test.attribute);
  refuseEnds(test.attribute, /[;=\]]/, 'the name of an attribute', test.offset);
  if (test.how === 'exists') return `\\[${name}(?:=${IN_VALUE.after('')})?\\];`;
  return `\\[${name}=${valuePattern(test, IN_VALUE, /\];/, 'a value')}\\];`;
}

/** The one test of an attribute that the others follow from. */
function oneTest(tests: readonly AttributeTest[]): AttributeTest {
  const { needed, excluded } = withoutImplied(tests);
  if (excluded !== undefined) {
    throw new SelectorError(`it can match nothing: ${excluded.attribute} has one value`, excluded.offset);
  }
  const [first, second] = needed;
  if (second !== undefined) {
    throw new SelectorError(
      `two conditions on ${second.attribute} of one element cannot be looked for at once; use one, or field.hierarchy under where`,
      second.offset,
    );
  }
  return first as AttributeTest;
}

/** A pattern for each class that is needed. Each class of an element is a word of its own in the chain. */
function classPatterns(tests: readonly AttributeTest[]): readonly string[] {
  for (const { how, value, offset } of tests) {
    if (how === '=' || how === '^=' || how === '$=' || how === '|=') {
      throw new SelectorError(
        `[class${how}…] looks at all classes as one text, which is not captured; use .name or [class*="part"]`,
        offset,
      );
    }
    if (how === '*=' && /[ \t\n\r\f]/.test(value)) {
      throw new SelectorError('a part of a class holds no space', offset);
    }
  }
  const { needed } = withoutImplied(tests);
  const parts = needed.filter(({ how, ignoreCase }) => how !== '~=' || ignoreCase);
  if (parts.length > 1) {
    throw new SelectorError(
      'two parts of a class cannot be looked for at once; use whole classes',
      (parts[1] as AttributeTest).offset,
    );
  }
  return needed.map((test) => {
    // A class is a word: what `~=` finds among several is all of it.
    const whole =
      test.how === '~=' && !/[ \t\n\r\f]/.test(test.value) ? { ...test, how: '=' as const } : test;
    return `\\.${valuePattern(whole, IN_WORD, /[;|]/, 'a class')};`;
  });
}

function valuePattern(
  test: AttributeTest,
  { before, after }: Surroundings,
  end: RegExp,
  what: string,
): string {
  const { how, value, ignoreCase, offset } = test;
  refuseEnds(value, end, what, offset);
  const part = ignoreCase ? eitherCase(value) : exactly(value);
  if (how !== '=' && how !== '|=' && how !== 'exists' && value === '') {
    throw new SelectorError(`it can match nothing: ${how} wants a text`, offset);
  }
  switch (how) {
    case 'exists':
      return after('');
    case '=':
      return part;
    case '^=':
      return part + after(value);
    case '$=':
      return before(value) + part;
    case '*=':
      return before(value) + part + after(value);
    case '|=':
      return `${part}(?:-${after('')})?`;
    default:
      if (/[ \t\n\r\f]/.test(value)) {
        throw new SelectorError('it can match nothing: ~= wants one word', offset);
      }
      return `(?:${before('')}${SPACE})?${part}(?:${SPACE}${after('')})?`;
  }
}

/** All patterns, in whatever order, with others between them. */
function inAnyOrder(patterns: readonly string[], others: string, what: string, offset: number): string {
  if (patterns.length > MOST_TESTS) {
    throw new SelectorError(
      `it names ${patterns.length} ${what} of one element, want at most ${MOST_TESTS}`,
      offset,
    );
  }
  if (patterns.length === 0) return others;
  const alternatives = patterns.map(
    (pattern, index) => pattern + inAnyOrder(patterns.toSpliced(index, 1), others, what, offset),
  );
  return `${others}${alternatives.length === 1 ? alternatives[0] : `(?:${alternatives.join('|')})`}`;
}

function refuseEnds(text: string, end: RegExp, what: string, offset: number): void {
  const found = end.exec(text)?.[0];
  if (found !== undefined || text.includes('\0')) {
    throw new SelectorError(
      `${what} that holds ${JSON.stringify(found ?? '\0')} cannot be told in an element chain`,
      offset,
    );
  }
}
