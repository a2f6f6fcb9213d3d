import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfig } from '#lib/config/spec.ts';
import { settingsTable } from '#lib/service/command-line.ts';
import { COLLECTOR_SPEC } from './config.ts';

const README = new URL('README.md', import.meta.url);
const BETWEEN = /(?<=<!-- settings -->\n).*?(?=\n<!-- \/settings -->)/s;

test('the knobs of the README are those of the spec; UPDATE_GOLDEN=1 writes them', () => {
  const readme = readFileSync(README, 'utf8');
  const table = settingsTable(COLLECTOR_SPEC);
  if (process.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(
      README,
      readme.replace(BETWEEN, () => table),
    );
  assert.equal(BETWEEN.exec(readFileSync(README, 'utf8'))?.[0], table);
});

test('CAIRN_TRUST_PROXY takes a number of proxies, addresses, ranges, or all', () => {
  const read = (value: string) => readConfig(COLLECTOR_SPEC, { CAIRN_TRUST_PROXY: value }).CAIRN_TRUST_PROXY;
  assert.deepEqual(['2', 'all', '10.0.0.0/8, ::1'].map(read), [2, 'all', '10.0.0.0/8, ::1']);
  assert.throws(() => read('yes'), /Cannot read CAIRN_TRUST_PROXY/);
});
