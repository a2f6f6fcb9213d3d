import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { type Asset, importMap, openAssets } from './assets.ts';
import { PAGES } from './pages.ts';

const assets = openAssets();

test('find() gives nothing that is not on the list, however the path is written', () => {
  for (const path of [
    '',
    'browser',
    'browser/',
    'browser/../server/access.ts',
    'browser/%2e%2e/server/access.ts',
    'browser/..\\server\\access.ts',
    '/etc/passwd',
    'packages/../package.json',
    'packages/lit/package.json',
    'packages/lit/../kafkajs/index.js',
    'packages/kafkajs/index.js',
    'browser/format.test.ts',
    'constructor',
    '__proto__',
  ])
    assert.equal(assets.find(path), undefined, path);
});

test('find() strips types, and names the content', () => {
  const module = assets.find('browser/api.ts') as Asset;
  assert.equal(module.type, 'text/javascript; charset=utf-8');
  assert.doesNotMatch(module.content.toString(), /: Promise<|export type/);
  assert.match(module.etag, /^"[\w-]{22}"$/);
});

test('every module that a page can load, and all it imports, is on the list', () => {
  const map = importMap('').imports;
  const seen = new Set<string>();
  const follow = (path: string, from: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const asset = assets.find(path);
    assert.ok(asset, `${path}, which ${from} imports, is on the list`);
    for (const [, specifier = ''] of asset.content
      .toString()
      .matchAll(/(?:^|[;}\n])\s*(?:import|export)(?:[^'"();]*?from)?\s*["']([^"']+)["']/g)) {
      const mapped = map[specifier];
      if (mapped !== undefined) follow(mapped.slice(1), path);
      else {
        assert.ok(specifier.startsWith('.'), `${specifier}, which ${path} imports, is in the import map`);
        follow(posix.join(posix.dirname(path), specifier), path);
      }
    }
  };
  for (const page of [...PAGES.map(({ name }) => name), 'login'])
    follow(`browser/pages/${page}.ts`, 'a page');
  for (const path of Object.values(map)) follow(path.slice(1), 'the import map');
  assert.ok(seen.has('packages/@lit/reactive-element/css-tag.js'));
});
