import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { DEFAULT_ENVIRONMENTS, identifyLimitOf, parseEnvironments } from './environments.ts';

const registry = (options: unknown) =>
  JSON.stringify([{ number: 1, appId: '11', name: 'main_production', options }]);

const limitOf = (identifyLimit: unknown) =>
  parseEnvironments(registry({ identifyLimit }), 'file')[0]?.options.identifyLimit;

const problemsOf = (options: unknown): readonly string[] => {
  try {
    parseEnvironments(registry(options), 'file');
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.split('\n').filter((line) => line.includes('identifyLimit'));
  }
  return [];
};

test('parseEnvironments() takes an identify limit, and none where it is null or a number of it is 0', () => {
  assert.deepEqual(parseEnvironments(registry({}), 'file')[0]?.options.identifyLimit, {
    userIds: 10,
    days: 30,
  });
  assert.deepEqual(limitOf({ userIds: 20, days: 7 }), { userIds: 20, days: 7 });
  assert.deepEqual(limitOf({ userIds: 20 }), { userIds: 20, days: 30 });
  for (const none of [null, { userIds: 0 }, { days: 0 }]) assert.equal(limitOf(none), null);
});

test('parseEnvironments() says precisely what is wrong with an identify limit', () => {
  for (const [identifyLimit, problem] of [
    [5, /options\.identifyLimit: want \{"userIds":10,"days":30\}, or null for none, current value is 5/],
    [
      { userIds: 1.5 },
      /options\.identifyLimit\.userIds: want 0\.\.1000, 0 for no limit, current value is 1\.5/,
    ],
    [{ days: 'x' }, /options\.identifyLimit\.days: want 0\.\.3650, 0 for no limit, current value is "x"/],
    [{ users: 1 }, /unknown field options\.identifyLimit\.users/],
  ] as const)
    assert.match(problemsOf({ identifyLimit }).join('\n'), problem);
});

test('identifyLimitOf() gives an environment that is not registered Heap’s limit', () => {
  assert.deepEqual(identifyLimitOf(DEFAULT_ENVIRONMENTS, 99), { userIds: 10, days: 30 });
});
