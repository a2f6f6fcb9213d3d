import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('OPERATIONS.md lists every variable of docker-compose.yml, with its default', () => {
  const compose = read('docker-compose.yml').replaceAll('$$', '');
  const variables = new Map<string, string>();
  for (const [, name = '', operator, value = ''] of compose.matchAll(
    /\$\{((?:CAIRN|COMPOSE)_\w+)(:[-+])?([^}]*)\}/g,
  )) {
    // `:+` says what takes the place of a value that is set; a bind mount of nothing is /dev/null.
    const fallback = operator === ':-' && value !== '' && value !== '/dev/null' ? `\`${value}\`` : 'none';
    if (!variables.has(name) || fallback !== 'none') variables.set(name, fallback);
  }
  assert.ok(variables.size > 10);
  const operations = read('docs/OPERATIONS.md');
  for (const [name, fallback] of variables)
    assert.ok(operations.includes(`| \`${name}\` | ${fallback} | `), `${name}, default ${fallback}`);
});
