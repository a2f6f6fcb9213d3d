import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clickhouseLibrary, platformName } from './platform.ts';

test('platformName() is named as npm packages are', () => {
  assert.equal(platformName('linux', 'x64', true), 'linux-x64-gnu');
  assert.equal(platformName('linux', 'arm64', false), 'linux-arm64-musl');
  assert.equal(platformName('darwin', 'arm64', false), 'darwin-arm64');
});

test('clickhouseLibrary() sends platforms without one to Docker', () => {
  for (const platform of ['darwin-arm64', 'linux-arm64-gnu', 'linux-x64-musl', 'win32-x64']) {
    assert.throws(() => clickhouseLibrary(platform), {
      name: 'ConfigError',
      message: `Cannot run the embedded ClickHouse: there is none for ${platform}, only for linux-x64-gnu. Use Docker instead: docker compose up, or set CAIRN_CLICKHOUSE_URL to a server that runs already`,
    });
  }
});

test('clickhouseLibrary() says how to install a package that is missing', () => {
  const missing = () => {
    throw new Error('Cannot find module');
  };
  assert.throws(
    () => clickhouseLibrary('linux-x64-gnu', missing),
    /@chdb\/lib-linux-x64-gnu is not installed.*npm ci without --omit=optional/,
  );
});
