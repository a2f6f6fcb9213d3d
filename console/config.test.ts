import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfig } from '#lib/config/spec.ts';
import { settingsTable } from '#lib/service/command-line.ts';
import { CONSOLE_SETTINGS } from './config.ts';

test('docs/OPERATIONS.md has every setting of the console', () => {
  const page = readFileSync(new URL('../docs/OPERATIONS.md', import.meta.url), 'utf8');
  assert.ok(page.includes(settingsTable(CONSOLE_SETTINGS)));
});

test('settings of the console say what is wrong with them', () => {
  const wrong = {
    CAIRN_CONSOLE_TRUSTED_HEADER: 'X Forwarded',
    CAIRN_CONSOLE_TRUSTED_PROXIES: '10.0.0.0/33',
    CAIRN_CONSOLE_HOSTS: 'http://cairn.example.com',
    CAIRN_CONSOLE_SESSION: '1s',
  };
  for (const [name, value] of Object.entries(wrong))
    assert.throws(
      () => readConfig(CONSOLE_SETTINGS, { [name]: value }),
      new RegExp(`Cannot read ${name}: want `),
    );
});
