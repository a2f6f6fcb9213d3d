import type { Condition } from '../event-match.ts';
import type { PropertyRef } from '../property-ref.ts';
import { exactly } from './chain-grammar.ts';

/** Pieces of a text between its stars; a star or backslash behind a backslash stands for itself. */
function piecesOf(text: string): readonly string[] {
  const pieces = [''];
  for (const [, escaped, character = ''] of text.matchAll(/\\([*\\])|([\s\S])/g)) {
    if (escaped === undefined && character === '*') pieces.push('');
    else pieces.push(`${pieces.pop()}${escaped ?? character}`);
  }
  return pieces;
}

const ANYTHING = '[\\s\\S]*';

/**
 * The condition that a property is one of some texts, in which `*` stands for anything, also for nothing. Without a star a
 * text is the whole value, with case.
 */
export function globCondition(property: PropertyRef, texts: readonly string[]): Condition {
  const globs = texts.map(piecesOf);
  if (globs.every(({ length }) => length === 1)) {
    return { property, is: 'one of', values: globs.map(([piece]) => piece as string) };
  }
  const [only = [], ...others] = globs;
  if (others.length === 0) {
    const [first = '', second = '', third = ''] = only;
    if (only.every((piece) => piece === '')) return { property, is: 'known' };
    if (only.length === 2 && second === '') return { property, is: 'starting with', value: first };
    if (only.length === 2 && first === '') return { property, is: 'ending with', value: second };
    if (only.length === 3 && first === '' && third === '')
      return { property, is: 'containing', value: second };
  }
  const patterns = globs.map((pieces) => pieces.map(exactly).join(ANYTHING));
  return { property, is: 'matching', value: `^(?:${patterns.join('|')})$` };
}
