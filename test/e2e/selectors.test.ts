/** Selectors of definitions against the one who knows what CSS means: a browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { selectorPattern } from '#queries/definitions/selector-pattern.ts';
import { SelectorError } from '#queries/definitions/selector-scanner.ts';
import { aSelection, chainOf } from '#queries/definitions/testing.ts';
import { findChromium, launchChromium } from '../support/browser.ts';

const SELECTIONS = 3000;

const chromium = findChromium();
const skip =
  chromium === undefined
    ? 'no Chromium on this machine: apt-get install chromium, or name one in CHROMIUM'
    : false;

test('a selector matches the elements that Chromium says it does', { skip }, async () => {
  // Chromium does not know the flag `s` yet.
  const selections = fc.sample(aSelection, SELECTIONS).filter(({ selector }) => !selector.includes(' s]'));
  const browser = await launchChromium(chromium as string);
  let answers: boolean[];
  try {
    const page = await browser.newPage();
    await page.setContent('<!doctype html><html><body></body></html>');
    answers = await page.evaluate(inBrowser, selections);
  } finally {
    await browser.close();
  }
  const seen = { matched: 0, other: 0, nothing: 0 };
  const differing = selections.filter(({ elements, selector }, index) => {
    const found = isFound(selector, chainOf(elements));
    if (found === undefined) return false;
    seen[found === 'nothing' ? 'nothing' : found ? 'matched' : 'other'] += 1;
    return (found === true) !== answers[index];
  });
  assert.deepEqual(differing, []);
  assert.ok(seen.matched > 150 && seen.other > 500 && seen.nothing > 50, JSON.stringify(seen));
});

/** Whether a chain is matched; undefined where the selector is refused, but for one that it says matches nothing. */
function isFound(selector: string, chain: string): boolean | 'nothing' | undefined {
  try {
    return new RegExp(selectorPattern(selector)).test(chain);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    const isAlone = !selector.includes(',');
    return isAlone && error.message.startsWith('it can match nothing') ? 'nothing' : undefined;
  }
}

type Selections = readonly {
  readonly elements: readonly {
    readonly tag: string;
    readonly id: string;
    readonly classes: readonly string[];
    readonly attributes: Readonly<Record<string, string>>;
  }[];
  readonly selector: string;
}[];

/** The little of the DOM that is used here: tests are checked without it. */
type PageElement = {
  setAttribute(name: string, value: string): void;
  append(child: PageElement): void;
  matches(selector: string): boolean;
};
declare const document: { createElement(tag: string): PageElement };

/** Builds each tree from its target up, and asks the target. */
function inBrowser(selections: Selections): boolean[] {
  return selections.map(({ elements, selector }) => {
    const tree = elements.map(({ tag, id, classes, attributes }) => {
      const element = document.createElement(tag);
      if (id !== '') element.setAttribute('id', id);
      if (classes.length > 0) element.setAttribute('class', classes.join(' '));
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    });
    tree.slice(1).forEach((element, index) => {
      element.append(tree[index] as PageElement);
    });
    return (tree[0] as PageElement).matches(selector);
  });
}
