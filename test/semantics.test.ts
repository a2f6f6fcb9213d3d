import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Rows of the rule tables: the last cell names the tests, in backticks, that hold the rule. */
function rulesOf(markdown: string): { id: string; tests: string[] }[] {
  return [...markdown.matchAll(/^\| (\w-\d+) \|.*\| ([^|]*) \|$/gm)].map(([, id = '', cell = '']) => ({
    id,
    tests: [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }));
}

test('every rule of SEMANTICS.md has an id of its own and names tests that exist', () => {
  const root = new URL('..', import.meta.url).pathname;
  const rules = rulesOf(readFileSync(`${root}/docs/SEMANTICS.md`, 'utf8'));
  const files = globSync(
    ['{schemas,lib,services,queries,plans,console,cli,infra,test}/**/*.test.ts', 'test/cases/**/*.ts'],
    {
      cwd: root,
    },
  );
  const sources = files.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n');
  assert.ok(rules.length > 0);
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length);
  for (const { id, tests } of rules) {
    assert.notEqual(tests.length, 0, `${id} names no test`);
    for (const name of tests)
      assert.ok(sources.includes(name), `${id} names a test that is not there: ${name}`);
  }
});
