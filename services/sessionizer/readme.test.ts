import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsTable } from '#lib/service/command-line.ts';
import { SPEC } from './config.ts';

const README = new URL('README.md', import.meta.url);
const BETWEEN = /(?<=<!-- settings -->\n).*?(?=\n<!-- \/settings -->)/s;

test('the knobs of the README are those of the spec; UPDATE_GOLDEN=1 writes them', () => {
  const readme = readFileSync(README, 'utf8');
  const table = settingsTable(SPEC);
  if (process.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(
      README,
      readme.replace(BETWEEN, () => table),
    );
  assert.equal(BETWEEN.exec(readFileSync(README, 'utf8'))?.[0], table);
});
