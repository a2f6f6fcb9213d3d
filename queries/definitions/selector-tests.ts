import type { AttributeTest } from './selector.ts';

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

const isSame = (one: AttributeTest, other: AttributeTest) =>
  one.how === other.how && one.value === other.value && one.ignoreCase === other.ignoreCase;

/** Whether a value meets the condition on it. */
export function meets({ how, value: wanted, ignoreCase }: AttributeTest, given: string): boolean {
  const value = ignoreCase ? lower(given) : given;
  const part = ignoreCase ? lower(wanted) : wanted;
  switch (how) {
    case 'exists':
      return true;
    case '=':
      return value === part;
    case '^=':
      return part !== '' && value.startsWith(part);
    case '$=':
      return part !== '' && value.endsWith(part);
    case '*=':
      return part !== '' && value.includes(part);
    case '|=':
      return value === part || value.startsWith(`${part}-`);
    default:
      return part !== '' && value.split(/[ \t\n\r\f]/).includes(part);
  }
}

/** Whether only one text meets it. */
const isExact = ({ attribute, how, ignoreCase }: AttributeTest) =>
  !ignoreCase && how === (attribute === 'class' ? '~=' : '=');

/**
 * Conditions on one attribute without those that others imply. `excluded` is one that an exact value, which another
 * asks for, does not meet: for an attribute, which has one value, that is a contradiction.
 */
export function withoutImplied(tests: readonly AttributeTest[]): {
  readonly needed: readonly AttributeTest[];
  readonly excluded?: AttributeTest;
} {
  const exact = tests.filter(isExact);
  const needed = exact.filter(({ value }, index) => exact.findIndex((one) => one.value === value) === index);
  const [value, other] = needed;
  const excluded =
    value === undefined ? undefined : (other ?? tests.find((test) => !meets(test, value.value)));
  for (const test of tests) {
    if (isExact(test) || exact.some(({ value }) => meets(test, value))) continue;
    if (test.how !== 'exists' && !needed.some((one) => isSame(one, test))) needed.push(test);
  }
  const exists = tests.find(({ how }) => how === 'exists');
  if (needed.length === 0 && exists !== undefined) needed.push(exists);
  return excluded === undefined ? { needed } : { needed, excluded };
}
