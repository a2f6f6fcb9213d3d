import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Condition } from '../event-match.ts';
import { globCondition } from './glob.ts';

const PATH = { of: 'field', name: 'path' } as const;

function holds(condition: Condition, value: string): boolean {
  switch (condition.is) {
    case 'one of':
      return condition.values.includes(value);
    case 'starting with':
      return value.startsWith(condition.value);
    case 'ending with':
      return value.endsWith(condition.value);
    case 'containing':
      return value.includes(condition.value);
    case 'matching':
      return new RegExp(condition.value).test(value);
    default:
      return condition.is === 'known';
  }
}

/** Whether a text is as another says, letter by letter. */
function isLike(text: string, glob: string): boolean {
  if (glob === '') return text === '';
  if (glob[0] === '*') return isLike(text, glob.slice(1)) || (text !== '' && isLike(text.slice(1), glob));
  const plain = glob[0] === '\\' && (glob[1] === '*' || glob[1] === '\\') ? glob.slice(1) : glob;
  return text[0] === plain[0] && isLike(text.slice(1), plain.slice(1));
}

test('globCondition() holds where a text is as one with stars says', () => {
  const letters = fc.constantFrom('a', 'b', '*', '\\', '.', '\n', '(', '/');
  const text = fc.string({ unit: letters, maxLength: 6 });
  let held = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), text, (globs, value) => {
      const expected = globs.some((glob) => isLike(value, glob));
      assert.equal(holds(globCondition(PATH, globs), value), expected);
      held += expected ? 1 : 0;
    }),
    { numRuns: 3000 },
  );
  assert.ok(held > 100, `${held}`);
});

test('globCondition() uses the plainest condition there is', () => {
  assert.deepEqual(globCondition(PATH, ['/a', '/b\\*']), {
    property: PATH,
    is: 'one of',
    values: ['/a', '/b*'],
  });
  assert.deepEqual(globCondition(PATH, ['/a*']), { property: PATH, is: 'starting with', value: '/a' });
  assert.deepEqual(globCondition(PATH, ['*.pdf']), { property: PATH, is: 'ending with', value: '.pdf' });
  assert.deepEqual(globCondition(PATH, ['*cart*']), { property: PATH, is: 'containing', value: 'cart' });
  assert.deepEqual(globCondition(PATH, ['*']), { property: PATH, is: 'known' });
});
