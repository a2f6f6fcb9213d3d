import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_OPTIONS, type Environment } from '#lib/config/environments.ts';
import { readConfig } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import { createLogger } from '#lib/service/logger.ts';
import { CONSOLE_SETTINGS } from '../config.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { openAssets } from './assets.ts';

const environment = (number: number, name: string, apiKey: string): Environment => ({
  number,
  appId: String(number),
  name,
  apiKey,
  options: DEFAULT_OPTIONS,
});
const ENVIRONMENTS = [environment(1, 'production', ''), environment(2, 'development', 'key of two')];
const assets = openAssets();

/** A console whose one answer says who asked about what. */
function consoleWith(variables: Record<string, string>, environments: readonly Environment[] = ENVIRONMENTS) {
  const config = readConfig(CONSOLE_SETTINGS, variables);
  const access = createAccess(config, environments);
  const hosts = config.CAIRN_CONSOLE_HOSTS;
  const app = createApp({ access, assets, environments, hosts, log: createLogger('test', 'silent') });
  app.server.get('/api/visitor', async (request) => {
    const { session, environment, environments } = app.visitor(request);
    return { who: session.who, environment: environment.name, all: environments.map(({ name }) => name) };
  });
  return app.server;
}

const form = (fields: Record<string, string>, remoteAddress = '127.0.0.1') => ({
  method: 'POST' as const,
  url: '/login',
  remoteAddress,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  payload: new URLSearchParams(fields).toString(),
});

async function cookieOf(server: ReturnType<typeof consoleWith>, key: string) {
  const { headers } = await server.inject(form({ key }));
  return String(headers['set-cookie']);
}

test('without any key the console is open, and to this machine alone', async () => {
  const server = consoleWith({}, [environment(1, 'production', '')]);
  assert.equal((await server.inject('/api/visitor')).json().environment, 'production');
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.com'])
    assert.throws(
      () => consoleWith({ CAIRN_CONSOLE_HOST: host }, [environment(1, 'production', '')]),
      (error: Error) =>
        error instanceof ConfigError && error.message.startsWith(`Cannot listen on ${host} without a login`),
    );
  for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1'])
    consoleWith({ CAIRN_CONSOLE_HOST: host }, [environment(1, 'production', '')]);
});

test('with a key nothing but the form is to be had without it', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret', CAIRN_CONSOLE_HOST: '0.0.0.0' });
  assert.equal((await server.inject('/api/visitor')).statusCode, 401);
  const page = await server.inject('/users?who=a%20b');
  assert.deepEqual([page.statusCode, page.headers.location], [302, '/login?next=%2Fusers%3Fwho%3Da%2520b']);
  assert.equal((await server.inject('/login')).statusCode, 200);
  assert.equal((await server.inject('/healthz')).body, 'ok\n');
});

test('the console’s key opens every environment, that of an environment only its own', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  const visitorWith = async (key: string, query = '') => {
    const cookie = (await cookieOf(server, key)).split(';')[0] ?? '';
    return (await server.inject({ url: `/api/visitor${query}`, headers: { cookie } })).json();
  };
  assert.deepEqual(await visitorWith('secret'), {
    who: 'console key',
    environment: 'production',
    all: ['production', 'development'],
  });
  assert.equal((await visitorWith('secret', '?env=development')).environment, 'development');
  assert.deepEqual(await visitorWith('key of two'), {
    who: 'key of development',
    environment: 'development',
    all: ['development'],
  });
  assert.equal((await visitorWith('key of two', '?env=production')).error.code, 'unknown_environment');
});

test('the session is a cookie that scripts and other sites cannot use, and nobody can make', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  const cookie = await cookieOf(server, 'secret');
  assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
  const secure = await server.inject({
    ...form({ key: 'secret' }),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-proto': 'https' },
  });
  assert.match(String(secure.headers['set-cookie']), /; Secure$/);
  const changed = (cookie.split(';')[0] ?? '').replace('=', '=x');
  assert.equal((await server.inject({ url: '/api/visitor', headers: { cookie: changed } })).statusCode, 401);
  const other = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  assert.equal(
    (await other.inject({ url: '/api/visitor', headers: { cookie: cookie.split(';')[0] ?? '' } })).statusCode,
    401,
  );
});

test('a wrong key is refused, and guessing becomes slow for the address that does it', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  for (const key of ['', 'Secret', 'secret ', 'key of one'])
    assert.deepEqual([(await server.inject(form({ key }, '10.0.0.1'))).statusCode], [401], key);
  const slowed = await server.inject(form({ key: 'secret' }, '10.0.0.1'));
  assert.deepEqual([slowed.statusCode, slowed.headers['retry-after']], [429, '1']);
  assert.equal((await server.inject(form({ key: 'secret' }, '10.0.0.2'))).statusCode, 303);
});

test('what is no text is no key', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  for (const payload of [{ key: 123 }, { key: ['secret'] }, { key: null }, { key: {} }, [], 'null']) {
    const { statusCode } = await server.inject({
      method: 'POST',
      url: '/login',
      remoteAddress: `10.0.0.${JSON.stringify(payload).length}`,
      headers: { 'content-type': 'application/json' },
      payload,
    });
    assert.equal(statusCode, 401, JSON.stringify(payload));
  }
});

test('a login leads back to the page that was asked for, and to no other site', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  const target = async (next: string) =>
    (await server.inject(form({ key: 'secret', next }))).headers.location;
  assert.equal(await target('/funnel?q=1'), '/funnel?q=1');
  assert.equal(await target('//evil.example/'), '/live');
});

test('the header of a reverse proxy is believed from its address alone', async () => {
  const settings = {
    CAIRN_CONSOLE_TRUSTED_HEADER: 'X-Forwarded-User',
    CAIRN_CONSOLE_TRUSTED_PROXIES: '10.1.0.0/16, ::1',
  };
  const server = consoleWith(settings, [environment(1, 'production', '')]);
  const from = async (remoteAddress: string, user = 'ann') =>
    (await server.inject({ url: '/api/visitor', remoteAddress, headers: { 'x-forwarded-user': user } }))
      .statusCode;
  assert.deepEqual(
    [
      await from('10.1.2.3'),
      await from('::ffff:10.1.2.3'),
      await from('::1'),
      await from('10.2.0.1'),
      await from('127.0.0.1'),
      await from('10.1.2.3', ''),
    ],
    [200, 200, 200, 401, 401, 401],
  );
  assert.throws(() => consoleWith({ CAIRN_CONSOLE_TRUSTED_HEADER: 'X-Forwarded-User' }), ConfigError);
});

test('a name that was made to resolve to this machine reaches nothing', async () => {
  const server = consoleWith({ CAIRN_CONSOLE_HOSTS: 'cairn.example.com' }, [
    environment(1, 'production', ''),
  ]);
  const status = async (host: string) =>
    (await server.inject({ url: '/api/visitor', headers: { host } })).statusCode;
  assert.deepEqual(
    [await status('evil.example:8090'), await status('cairn.example.com'), await status('127.0.0.1:8090')],
    [421, 200, 200],
  );
});

test('another site may lead here, and may ask nothing', async () => {
  const server = consoleWith({}, [environment(1, 'production', '')]);
  const headers = { 'sec-fetch-site': 'cross-site' };
  assert.equal(
    (await server.inject({ url: '/api/visitor', headers: { ...headers, 'sec-fetch-mode': 'no-cors' } }))
      .statusCode,
    403,
  );
  assert.equal(
    (await server.inject({ url: '/live', headers: { ...headers, 'sec-fetch-mode': 'navigate' } })).statusCode,
    200,
  );
});

test('pages run no script but their own, and what is shown in them is text', async () => {
  const server = consoleWith({}, [environment(1, 'production', '')]);
  const { headers, body } = await server.inject('/live');
  const policy = String(headers['content-security-policy']);
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
  assert.match(policy, /^default-src 'self';/);
  assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline/);
  assert.deepEqual(
    [...body.matchAll(/<script[^>]*>/g)].map(
      ([tag]) => tag.includes(`nonce="${nonce}"`) || /src="\/assets\//.test(tag),
    ),
    [true, true],
  );
  const login = consoleWith({ CAIRN_CONSOLE_KEY: 'secret' });
  const page = await login.inject('/login?next=%2Fa%22%3E%3Cscript%3E');
  assert.doesNotMatch(page.body, /"><script>/);
});

test('assets are served by their exact names, and kept by browsers for ever', async () => {
  const server = consoleWith({}, [environment(1, 'production', '')]);
  const { headers, statusCode } = await server.inject(`${assets.base}/browser/format.ts`);
  assert.deepEqual([statusCode, headers['content-type']], [200, 'text/javascript; charset=utf-8']);
  assert.match(String(headers['cache-control']), /immutable/);
  const again = await server.inject({
    url: `${assets.base}/browser/format.ts`,
    headers: { 'if-none-match': String(headers.etag) },
  });
  assert.equal(again.statusCode, 304);
  for (const path of [
    'browser/../server/access.ts',
    'browser/..%2fserver%2faccess.ts',
    'packages/fastify/fastify.js',
    '%2e%2e/%2e%2e/package.json',
  ])
    assert.equal((await server.inject(`${assets.base}/${path}`)).statusCode, 404, path);
});
