/** npm heap-api 1.0.1, unmodified, against the collector. Its host is fixed, so its connections are led here. */
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { createTestServer } from '../../services/collector/shell/testing.ts';

type Properties = Record<string, string | number>;

/** The part of heap-api that is used here: it has no types of its own. */
type HeapClient = {
  track(event: string, identity: string | number, properties?: Properties): Promise<boolean>;
  track(event: string, identity: string | number, callback: (error?: Error) => void): Promise<boolean>;
  addUserProperties(identity: string | number, properties: Properties): Promise<boolean>;
};

const heap: (appId: string) => HeapClient = createRequire(import.meta.url)('heap-api');
const server = createTestServer();
const httpsRequest = https.request;

before(async () => {
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.app.server.address() as AddressInfo;
  https.request = ((options: https.RequestOptions, answered?: (response: http.IncomingMessage) => void) => {
    assert.equal(options.host, 'heapanalytics.com');
    const { agent: _tlsAgent, ...rest } = options;
    return http.request(
      { ...rest, protocol: 'http:', host: '127.0.0.1', hostname: '127.0.0.1', port },
      answered,
    );
  }) as typeof https.request;
});

beforeEach(() => {
  server.publisher.records.length = 0;
});

after(async () => {
  https.request = httpsRequest;
  await server.app.close();
});

function logged(): object[] {
  return server.publisher.records.map(({ value }) => {
    const { kind, device_id, identity, name, source, properties } = collectedCodec.decode(value);
    return { kind, device_id, identity, name, source, properties };
  });
}

test('heap-api track() is logged', async () => {
  assert.equal(await heap('11').track('Sign Up', 'a@b.c', { plan: 'pro', seats: 3 }), true);
  assert.deepEqual(logged(), [
    {
      kind: 'event',
      device_id: canonicalUserId(1, 'a@b.c'),
      identity: 'a@b.c',
      name: 'Sign Up',
      source: 'server',
      properties: '{"plan":"pro","seats":3}',
    },
  ]);
});

test('heap-api track() takes a numeric identity, keys with slashes, and no properties', async () => {
  const client = heap('11');
  assert.equal(await client.track('Boot', 123456789, { 'language/node': '1', 'heap/heap-node': 1 }), true);
  assert.equal(await client.track('Boot', 'a@b.c'), true);
  assert.deepEqual(logged(), [
    {
      kind: 'event',
      device_id: canonicalUserId(1, '123456789'),
      identity: '123456789',
      name: 'Boot',
      source: 'server',
      properties: '{"language/node":"1","heap/heap-node":1}',
    },
    {
      kind: 'event',
      device_id: canonicalUserId(1, 'a@b.c'),
      identity: 'a@b.c',
      name: 'Boot',
      source: 'server',
      properties: '{}',
    },
  ]);
});

test('heap-api track() calls back without an error', async () => {
  const error = await new Promise((resolve) => heap('11').track('Sign Up', 'a@b.c', resolve));
  assert.ok(error === undefined || error === null);
  assert.equal(logged().length, 1);
});

test('heap-api addUserProperties() is logged', async () => {
  assert.equal(await heap('11').addUserProperties('a@b.c', { plan: 'pro', age: 7 }), true);
  assert.deepEqual(logged(), [
    {
      kind: 'user_properties',
      device_id: canonicalUserId(1, 'a@b.c'),
      identity: 'a@b.c',
      name: '',
      source: 'server',
      properties: '{"plan":"pro","age":7}',
    },
  ]);
});

test('heap-api rejects with our answer where the app id is unknown', async () => {
  await assert.rejects(
    heap('test-app-id').track('Sign Up', 'a@b.c'),
    // The client writes an object as [object Object] into its message, and keeps the answer itself.
    ({ message, response }: Error & { response: { body: unknown } }) => {
      assert.match(message, /^Heap API server error 400: /);
      assert.deepEqual(response.body, {
        error: 'unknown_app_id',
        message: 'Cannot accept the request: no environment has app_id "test-app-id"',
      });
      return true;
    },
  );
  assert.deepEqual(logged(), []);
});
