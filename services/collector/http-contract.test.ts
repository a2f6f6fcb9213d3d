/**
 * The HTTP API, request by request, held to http-contract.golden.json: what is sent, what is answered and what
 * is logged. After a wanted change run it with UPDATE_GOLDEN=1 and read the difference.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { emptyRecord } from './core/input.ts';
import { anEnvironment } from './core/testing.ts';
import { createTestServer } from './shell/testing.ts';

const GOLDEN = new URL('http-contract.golden.json', import.meta.url);

type Exchange = {
  name: string;
  method?: 'GET' | 'POST' | 'PUT' | 'OPTIONS';
  path: string;
  headers?: Record<string, string>;
  /** JSON of the body; a string is sent as it is. */
  body?: unknown;
  encode?: (body: string) => Buffer;
};

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const event = { event: 'Sign Up', user_id: '123' };

const EXCHANGES: Exchange[] = [
  { name: 'track', path: '/api/track', body: { app_id: '11', ...event, properties: { plan: 'pro' } } },
  { name: 'track, trailing slash', path: '/api/track/', body: { app_id: '11', ...event } },
  { name: 'track, query string', path: '/api/track?x=1', body: { app_id: '11', ...event } },
  { name: 'track, refused', path: '/api/track', body: { app_id: '11', event: 'Sign Up' } },
  {
    name: 'track in bulk',
    path: '/api/track',
    body: { app_id: 11, events: [event, { ...event, identity: null }] },
  },
  { name: 'track in bulk, no rows', path: '/api/track', body: { app_id: 11, events: [] } },
  { name: 'track in bulk, partly refused', path: '/api/track', body: { app_id: 11, events: [{}, event, 5] } },
  {
    name: 'track in bulk, all refused',
    path: '/api/track',
    body: { app_id: 11, events: [{}, { event: 'e' }] },
  },
  {
    name: 'too many rows',
    path: '/api/track',
    body: `{"app_id":"11","events":[${Array(1001).fill('{}').join()}]}`,
  },
  { name: 'unknown app_id', path: '/api/track', body: { app_id: 'test-app-id', ...event } },
  { name: 'missing app_id', path: '/api/track', body: event },
  { name: 'malformed JSON', path: '/api/track', body: '{"app_id":"11",' },
  {
    name: 'NaN in JSON',
    path: '/api/track',
    body: '{"app_id":"11","event":"e","user_id":1,"properties":{"a":NaN}}',
  },
  {
    name: 'a huge number',
    path: '/api/track',
    body: '{"app_id":"11","event":"e","user_id":1,"properties":{"a":1e999}}',
  },
  { name: 'nesting without end', path: '/api/track', body: '['.repeat(200_000) },
  { name: 'empty body', path: '/api/track', body: '' },
  { name: 'JSON that is no object', path: '/api/track', body: '[1]' },
  {
    name: 'a byte order mark',
    path: '/api/track',
    body: `\ufeff${JSON.stringify({ app_id: '11', ...event })}`,
  },
  {
    name: 'text/plain',
    path: '/api/track',
    headers: { 'content-type': 'text/plain' },
    body: { app_id: '11', ...event },
  },
  {
    name: 'a form that is JSON, gzipped',
    path: '/api/track',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' },
    body: { app_id: '11', ...event },
    encode: (body) => gzipSync(body),
  },
  {
    name: 'deflate',
    path: '/api/track',
    headers: { 'content-type': 'application/json', 'content-encoding': 'deflate' },
    body: { app_id: '11', ...event },
    encode: (body) => deflateSync(body),
  },
  {
    name: 'brotli, an unknown media type',
    path: '/api/track',
    headers: { 'content-type': 'a/b', 'content-encoding': 'br' },
    body: { app_id: '11', ...event },
    encode: (body) => brotliCompressSync(body),
  },
  {
    name: 'gzip that is not',
    path: '/api/track',
    headers: { 'content-encoding': 'gzip' },
    body: { app_id: '11', ...event },
  },
  {
    name: 'an unknown encoding',
    path: '/api/track',
    headers: { 'content-encoding': 'zstd' },
    body: { app_id: '11', ...event },
  },
  {
    name: 'a body over the limit',
    path: '/api/track',
    body: `{"app_id":"11","event":"${'x'.repeat(5 * 2 ** 20)}"}`,
  },
  {
    name: 'a small body that inflates over the limit',
    path: '/api/track',
    headers: { 'content-encoding': 'gzip' },
    body: `{"app_id":"11","event":"${'x'.repeat(5 * 2 ** 20)}"}`,
    encode: (body) => gzipSync(body),
  },
  {
    name: 'user properties',
    path: '/api/add_user_properties',
    body: { app_id: '11', identity: 'a@b.c', properties: { age: 4 } },
  },
  {
    name: 'user properties in bulk',
    path: '/api/add_user_properties',
    body: {
      app_id: '11',
      users: [
        { identity: 'a@b.c', properties: {} },
        { identity: 'd', properties: { Id: 1 } },
      ],
    },
  },
  {
    name: 'user properties by the legacy name',
    path: '/api/identify',
    body: { app_id: '11', identity: 'a@b.c', properties: { age: 4 } },
  },
  {
    name: 'account properties',
    path: '/api/add_account_properties',
    body: { app_id: '11', account_id: 'acme', properties: { seats: 4 } },
  },
  {
    name: 'account properties, refused',
    path: '/api/add_account_properties',
    body: { app_id: '11', properties: {} },
  },
  {
    name: 'account properties in bulk',
    path: '/api/add_account_properties',
    body: { app_id: '11', accounts: [{ account_id: 1, properties: { a: 1 } }] },
  },
  {
    name: 'account properties in bulk, partly refused',
    path: '/api/add_account_properties',
    body: { app_id: '11', accounts: [{ account_id: 1 }, { account_id: '' }] },
  },
  { name: 'identify', path: '/api/v1/identify', body: { app_id: '11', user_id: '123', identity: 'a@b.c' } },
  {
    name: 'identify as a placeholder',
    path: '/api/v1/identify',
    body: { app_id: '11', user_id: '123', identity: 'undefined' },
  },
  {
    name: 'track of an integration',
    path: '/api/integrations/track',
    body: { app_id: '11', library: 'server', events: [{ event: 'e', user_identifier: { email: 'a@b.c' } }] },
  },
  {
    name: 'user properties of an integration',
    path: '/api/integrations/add_user_properties',
    body: {
      app_id: '11',
      library: 'looker',
      users: [{ user_identifier: { email: 'a@b.c' }, properties: { a: 1 } }],
    },
  },
  {
    name: 'capture',
    path: '/v1/capture',
    headers: { 'user-agent': CHROME, 'x-forwarded-for': '192.0.2.1' },
    body: {
      app_id: '11',
      user_id: '5',
      session_id: '6',
      events: [{ type: 'pageview', page: { url: 'https://shop.example/a?b=1' } }, { type: 'scroll' }],
    },
  },
  {
    name: 'capture, refused',
    path: '/v1/capture',
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
    body: { app_id: '12', events: [] },
  },
  {
    name: 'capture of a bot',
    path: '/v1/capture',
    headers: { 'user-agent': 'Googlebot/2.1' },
    body: { app_id: '13', user_id: 5, events: [{ type: 'click' }] },
  },
  { name: 'capture, preflight', method: 'OPTIONS', path: '/v1/capture' },
  { name: 'another method', method: 'GET', path: '/api/track' },
  { name: 'another method of capture', method: 'PUT', path: '/v1/capture' },
  { name: 'no such path', method: 'POST', path: '/api/nothing', body: {} },
  { name: 'a broken path', method: 'GET', path: '/%zz' },
  { name: 'alive', method: 'GET', path: '/healthz' },
  { name: 'ready', method: 'GET', path: '/readyz' },
];

const HEADERS = [
  'content-type',
  'allow',
  'retry-after',
  'access-control-allow-origin',
  'access-control-allow-headers',
];

async function exchange({ name, method = 'POST', path, headers = {}, body, encode }: Exchange) {
  const environments = [
    anEnvironment(),
    anEnvironment({ number: 3, appId: '13', options: { ...DEFAULT_OPTIONS, bots: 'drop' } }),
  ];
  const server = createTestServer({
    environments: new Map(environments.map((entry) => [entry.appId, entry])),
  });
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await server.app.inject({
    method,
    url: path,
    headers,
    ...(text === undefined ? {} : { payload: encode?.(text) ?? text }),
  });
  await server.app.close();
  assert.equal(server.budget.bytes, 0, `${name} leaves bytes in flight`);
  const shownHeaders = HEADERS.flatMap((header) =>
    response.headers[header] === undefined ? [] : [[header, response.headers[header]]],
  );
  return {
    name,
    request: `${method} ${path}`,
    sent:
      text !== undefined && text.length > 500 ? `${text.slice(0, 60)}... (${text.length} characters)` : text,
    status: response.statusCode,
    headers: Object.fromEntries(shownHeaders),
    body: response.body,
    logged: server.publisher.records.map((record) => differences(collectedCodec.decode(record.value))),
  };
}

/** The fields of a record that are not the default, so that the golden file can be read. */
function differences(record: object): object {
  const defaults = new Map(Object.entries(emptyRecord()));
  const entries = Object.entries(record).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(field)),
  );
  return Object.fromEntries(
    entries.map(([field, value]) => [field, Buffer.isBuffer(value) ? value.toString('hex') : value]),
  );
}

test('every exchange of the HTTP API is as the golden file says', async () => {
  const exchanges: unknown[] = [];
  for (const entry of EXCHANGES) exchanges.push(await exchange(entry));
  const text = `${JSON.stringify(exchanges, null, 2)}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, text);
  assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(GOLDEN, 'utf8')));
});
