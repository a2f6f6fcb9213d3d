import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { selectorConditions } from './selector-conditions.ts';
import { selectorPattern } from './selector-pattern.ts';
import { SelectorError } from './selector-scanner.ts';
import { aSelection, chainOf, isMatched } from './testing.ts';

test('a selector matches the elements that a CSS engine says it does', () => {
  const seen = { matched: 0, other: 0, refused: 0 };
  fc.assert(
    fc.property(aSelection, ({ elements, selector }) => {
      let pattern: string;
      try {
        pattern = selectorPattern(selector);
      } catch (error) {
        assert.ok(error instanceof SelectorError, String(error));
        seen.refused += 1;
        // What can match nothing is refused, and what one pattern cannot say. (The engine takes ~="" for a word.)
        if (error.message.startsWith('it can match nothing') && !/~=""|,/.test(selector)) {
          assert.ok(!isMatched(elements, selector), selector);
        }
        return;
      }
      const expected = isMatched(elements, selector);
      const chain = chainOf(elements);
      const holds = selectorConditions(selector).every((condition) =>
        condition.is === 'containing' ? chain.includes(condition.value) : new RegExp(pattern).test(chain),
      );
      assert.equal(holds, expected, `${selector} on ${chainOf(elements)}`);
      seen[expected ? 'matched' : 'other'] += 1;
    }),
    { numRuns: 4000 },
  );

  assert.ok(seen.matched > 300 && seen.other > 500 && seen.refused < 2500, JSON.stringify(seen));
});

const REFUSED: readonly [selector: string, problem: RegExp, offset: number][] = [
  ['', /want a tag, #id, \.class or \[attribute\], the selector ends/, 0],
  ['a,', /the selector ends/, 2],
  ['a:hover', /pseudo-classes and pseudo-elements .* are not captured/, 1],
  ['a:not(.b)', /pseudo-classes/, 1],
  ['li::before', /pseudo-elements/, 2],
  ['a + b', /siblings are not captured.*found "\+"/, 2],
  ['a ~ b', /siblings/, 2],
  ['svg|a', /namespaces/, 3],
  ['> a', /want a tag/, 0],
  ['a >', /the selector ends/, 3],
  ['#1', /want an id after #, found "1"/, 1],
  ['.', /want a class after \., the selector ends/, 1],
  ['[a', /want \] or one of/, 2],
  ['[a=]', /want a value in quotes/, 3],
  ['[a="x]', /a text in quotes has no end/, 3],
  ['[a=1]', /want a value in quotes, or one that is a plain word, found "1"/, 3],
  ['a/**/b', /found "\/"/, 1],
  ['a{', /found "\{"/, 1],
  ['#a\\;b', /an id that holds ";"/, 0],
  ['.a\\|b', /a class that holds "\|"/, 0],
  ['[a="x];"]', /a value that holds "\];"/, 0],
  ['#a#b', /it can match nothing: id has one value/, 2],
  ['[a=x][a^=y]', /it can match nothing: a has one value/, 5],
  ['[a^=x][a$=y]', /two conditions on a of one element/, 6],
  ['[class^=x]', /looks at all classes as one text/, 0],
  ['[class*=x][class*=y]', /two parts of a class/, 10],
  ['.a.b.c.d.e.f', /it names 6 classes of one element, want at most 5/, 0],
  [Array(400).fill('[a=b]').join(','), /it has 2399 characters, want at most 1000/, 1000],
];

for (const [selector, problem, offset] of REFUSED) {
  test(`selectorPattern() refuses ${JSON.stringify(selector.slice(0, 30))}`, () => {
    assert.throws(
      () => selectorPattern(selector),
      (error: SelectorError) => {
        assert.match(error.message, problem);
        assert.equal(error.offset, offset);
        return error instanceof SelectorError;
      },
    );
  });
}

test('a selector finds what it names in a chain that was cut, and nothing in one that is none', () => {
  const matches = (selector: string, chain: string) => new RegExp(selectorPattern(selector)).test(chain);
  const chain = '@button;#buy;.btn;.big;[type=submit];|@form;#cart;|@div;.pa';
  assert.ok(matches('form#cart > button.big.btn', chain));
  assert.ok(!matches('.pa button', chain));
  assert.ok(!matches('button', ''));
  assert.ok(!matches('button', 'button'));
  // What stands in a value is no element.
  assert.ok(!matches('form button', '@button;[title=|@form;];|@div;|'));
});
