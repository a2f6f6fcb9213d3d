import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowedHost } from './allowed-host.ts';

test('isAllowedHost() takes localhost, bare addresses and the names of the operator', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:8090',
    '127.0.0.1:8090',
    '[::1]:8090',
    '10.1.2.3',
    'cairn.example.com:443',
  ])
    assert.equal(isAllowedHost(host, ['cairn.example.com']), true, host);
});

test('isAllowedHost() refuses any other name, as one that was made to resolve to this machine', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:8090',
    '127.0.0.1@evil',
    '[evil]',
    'xcairn.example.com',
  ])
    assert.equal(isAllowedHost(host, ['cairn.example.com']), false, String(host));
});
