import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { matchesAddress, NO_CLIENT, refuseClient } from './client.ts';

test('matchesAddress() takes * for any run of characters', () => {
  const cases: [pattern: string, address: string, want: boolean][] = [
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.12', false],
    ['10.0.*', '10.0.3.4', true],
    ['10.0.*', '10.1.3.4', false],
    ['*.4', '10.1.3.4', true],
    ['10.*.4', '10.1.3.4', true],
    ['10.*.4', '10.4', false],
    ['10.*.*.4', '10.1.3.4', true],
    ['10.*.*.4', '10.1.4', false],
    ['*', '::1', true],
    ['2001:db8:*', '2001:db8::7', true],
    ['a*a', 'a', false],
  ];
  for (const [pattern, address, want] of cases) {
    assert.equal(matchesAddress(pattern, address), want, `${pattern} and ${address}`);
  }
});

test('refuseClient() keeps flagged bots, drops them by choice, and refuses excluded addresses', () => {
  const bot = { ...NO_CLIENT, isBot: true };
  const office = { ...NO_CLIENT, ip: '10.0.0.1' };
  const code = (...args: Parameters<typeof refuseClient>) => refuseClient(...args)?.code;
  assert.deepEqual(
    [
      code(bot, DEFAULT_OPTIONS),
      code(bot, { ...DEFAULT_OPTIONS, bots: 'drop' }),
      code(office, { ...DEFAULT_OPTIONS, excludedIps: ['192.168.*', '10.*'] }),
      code(NO_CLIENT, { ...DEFAULT_OPTIONS, bots: 'drop', excludedIps: ['*'] }),
    ],
    [undefined, 'bot', 'excluded_ip', undefined],
  );
});
