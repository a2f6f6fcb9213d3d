import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inlineParams } from './inline-params.ts';

test('inlineParams() writes numbers, texts, lists and identifiers out', () => {
  const sql = 'SELECT {n:Int64}, {t:String}, {l:Array(String)} FROM {d:Identifier}.sessions';
  assert.equal(
    inlineParams({ sql, params: { n: 5, t: "it's \\ {n:Int64}", l: ['a', "b'"], d: 'main' } }),
    "SELECT 5, 'it\\'s \\\\ {n:Int64}', ['a', 'b\\''] FROM `main`.sessions",
  );
});
