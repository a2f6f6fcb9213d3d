import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './failure-text.ts';

const LIMITS = { maxSeconds: 60, maxMemoryBytes: 4e9, maxRowsToRead: 2e9, maxResultRows: 1000 };

test('failureOf() says which limit a question met and what to do', () => {
  const codeOf = (code: number) => failureOf(code, 'x', LIMITS).code;
  assert.deepEqual([158, 307, 159, 241, 396, 60, 81, 202, 62].map(codeOf), [
    'read_too_much',
    'read_too_much',
    'took_too_long',
    'used_too_much_memory',
    'answer_too_long',
    'nothing_loaded',
    'nothing_loaded',
    'busy',
    'refused',
  ]);
  assert.equal(
    failureOf(158, 'x', LIMITS).message,
    'This question would read more than 2 000 000 000 rows: narrow the range of time',
  );
});
