import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigError } from '#lib/errors.ts';
import { DEFAULT_OPTIONS, parseEnvironments } from './environments.ts';
import { brokers, integer, oneOf, port, url } from './parsers.ts';
import { SHARED_SETTINGS } from './shared-settings.ts';
import { printConfig, readConfig } from './spec.ts';

const SPEC = {
  CAIRN_PORT: { doc: 'A port.', parse: port, default: 8080 },
  CAIRN_URL: { doc: 'A URL.', parse: url, default: 'http://localhost' },
  CAIRN_KEY: { doc: 'A key.', parse: String, default: 'secret', secret: true },
} as const;

test('readConfig() takes what is set and the default for the rest', () => {
  assert.deepEqual(readConfig(SPEC, { CAIRN_PORT: '0', CAIRN_URL: '' }), {
    CAIRN_PORT: 0,
    CAIRN_URL: 'http://localhost',
    CAIRN_KEY: 'secret',
  });
});

test('readConfig() lists every problem at once', () => {
  assert.throws(
    () => readConfig(SPEC, { CAIRN_PORT: '70000', CAIRN_URL: 'nowhere' }),
    (error: ConfigError) => {
      assert.deepEqual(error.problems, [
        'Cannot read CAIRN_PORT: want a whole number from 0 to 65535, current value is "70000"',
        'Cannot read CAIRN_URL: want a URL such as http://localhost:8123, current value is "nowhere"',
      ]);
      return true;
    },
  );
});

test('printConfig() hides secrets', () => {
  assert.equal(
    printConfig(SPEC, readConfig(SPEC, {})),
    'CAIRN_PORT=8080\nCAIRN_URL=http://localhost\nCAIRN_KEY=***',
  );
});

test('no password of a URL is shown: not by printConfig(), not where it cannot be read', () => {
  const spec = { CAIRN_CLICKHOUSE_URL: SHARED_SETTINGS.CAIRN_CLICKHOUSE_URL };
  const config = readConfig(spec, { CAIRN_CLICKHOUSE_URL: 'http://a:hidden@h:8123' });
  assert.equal(config.CAIRN_CLICKHOUSE_URL, 'http://a:hidden@h:8123');
  assert.equal(printConfig(spec, config), 'CAIRN_CLICKHOUSE_URL=http://a:***@h:8123');
  for (const url of ['http//a:hidden@h', 'a:hidden@h:8123', 'http://a:hid/hidden@h'])
    assert.throws(
      () => readConfig(spec, { CAIRN_CLICKHOUSE_URL: url }),
      (error: ConfigError) => !error.message.includes('hidden'),
    );
  assert.throws(
    () => readConfig({ CAIRN_KEY: { ...SPEC.CAIRN_KEY, parse: integer(0, 1) } }, { CAIRN_KEY: 'hidden' }),
    /current value is "\*\*\*"$/,
  );
});

test('parsers say what they want', () => {
  assert.throws(() => integer(1, 3)('2.5'), /whole number from 1 to 3/);
  assert.throws(() => oneOf('a', 'b')('c'), /one of a, b/);
  assert.throws(() => brokers('localhost'), /host:port/);
  assert.deepEqual(brokers('a:1, b:2'), ['a:1', 'b:2']);
});

test('parseEnvironments() fills in options and takes a number for an app id', () => {
  const [environment] = parseEnvironments(
    '[{"number":3,"appId":42,"name":"shop","options":{"bots":"drop"}}]',
    'file',
  );
  assert.deepEqual(environment, {
    number: 3,
    appId: '42',
    name: 'shop',
    apiKey: '',
    options: { ...DEFAULT_OPTIONS, bots: 'drop' },
  });
});

test('parseEnvironments() takes a user property that can be a column for the account id', () => {
  const read = (accountIdProperty: unknown) =>
    parseEnvironments(
      JSON.stringify([{ number: 1, appId: 'a', name: 'shop', options: { accountIdProperty } }]),
      'file',
    )[0]?.options.accountIdProperty;
  assert.equal(read('Company Id'), 'Company Id');
  assert.equal(read(''), '');
  for (const wrong of [7, null, 'a:`b`', ['company']])
    assert.throws(() => read(wrong), /options.accountIdProperty: want the name of a user property/);
});

test('parseEnvironments() refuses what would mix environments up, and says all of it', () => {
  const file = JSON.stringify([
    { number: 1, appId: 'a', name: 'shop' },
    { number: 1, appId: 'a', name: 'cairn', colour: 'red', options: { bots: 'eat' } },
  ]);
  assert.throws(
    () => parseEnvironments(file, 'registry.json'),
    (error: ConfigError) => {
      assert.equal(error.problems.length, 5);
      return true;
    },
  );
  for (const name of ['default', 'information_schema', 'Shop']) {
    const taken = JSON.stringify([{ number: 1, appId: 'a', name }]);
    assert.throws(() => parseEnvironments(taken, 'registry.json'), /not a database of the server's/);
  }
  assert.throws(() => parseEnvironments('{', 'registry.json'), /registry.json/);
  assert.throws(() => parseEnvironments('{}', 'registry.json'), /JSON array/);
});
