import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFormula } from './formula.ts';

const FIGURES = [6, 0, null, 2.5];
const result = (text: string) => parseFormula(text, FIGURES.length)(FIGURES);

test('parseFormula() reads arithmetic with its usual precedence', () => {
  assert.equal(result('1 + 2 * 3'), 7);
  assert.equal(result('(1 + 2) * 3'), 9);
  assert.equal(result('8 / 4 / 2'), 1);
  assert.equal(result('8 - 4 - 2'), 2);
  assert.equal(result('-A + 1'), -5);
  assert.equal(result('2 * -A'), -12);
  assert.equal(result(' A/D * 100 '), 240);
});

test('parseFormula() of nothing is nothing, and so is a division by zero', () => {
  assert.equal(result('A / B'), null);
  assert.equal(result('B / B'), null);
  assert.equal(result('C * 0'), null);
  assert.equal(result('A / (B / A)'), null);
  assert.equal(result('B / A'), 0);
});

test('parseFormula() says what is wrong where', () => {
  const refused: readonly (readonly [text: string, message: string])[] = [
    [
      '',
      'Cannot read the formula "": want a number, ( or a series from A to D at position 1, the text ends there',
    ],
    [
      'A +',
      'Cannot read the formula "A +": want a number, ( or a series from A to D at position 4, the text ends there',
    ],
    ['A E', 'Cannot read the formula "A E": want an operator at position 3, current character is "E"'],
    [
      'A * E',
      'Cannot read the formula "A * E": want a number, ( or a series from A to D at position 5, current character is "E"',
    ],
    [
      '2 * (A + B',
      'Cannot read the formula "2 * (A + B": want ) for the ( at position 5 at position 11, the text ends there',
    ],
    [
      'A ** B',
      'Cannot read the formula "A ** B": want a number, ( or a series from A to D at position 4, current character is "*"',
    ],
    [
      'a',
      'Cannot read the formula "a": want a number, ( or a series from A to D at position 1, current character is "a"',
    ],
    ['1.', 'Cannot read the formula "1.": want an operator at position 2, current character is "."'],
    ['A)', 'Cannot read the formula "A)": want an operator at position 2, current character is ")"'],
  ];
  for (const [text, message] of refused) assert.throws(() => result(text), { name: 'RangeError', message });
  assert.throws(() => result('A+'.repeat(501)), /want at most 1000 characters, current number is 1002/);
});

/** A formula of brackets throughout, and the result of it that JavaScript finds. */
const { expression } = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5 },
    tie('leaf'),
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/'), tie('expression'), fc.boolean())
      .map(([left, operator, right, brackets]) =>
        brackets ? `(${left} ${operator} ${right})` : `${left}${operator}${right}`,
      ),
  ),
  leaf: fc.constantFrom('A', 'B', 'D', '0', '2', '3.5'),
}));

test('parseFormula() finds what JavaScript finds', () => {
  fc.assert(
    fc.property(expression, (text) => {
      const js = text.replaceAll('A', '6').replaceAll('B', '0').replaceAll('D', '2.5');
      const found = result(text);
      // biome-ignore lint/security/noGlobalEval: it is the judge
      const expected: number = eval(js);
      if (found === null) assert.ok(text.includes('/'), text);
      else assert.equal(found, expected, text);
      if (!text.includes('/')) assert.equal(found, expected, text);
    }),
  );
});
