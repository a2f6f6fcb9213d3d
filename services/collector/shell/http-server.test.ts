/** What needs real sockets: slow, broken and vanishing clients, overload, and an end in the middle of a request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { collectedCodec } from '#schemas/codec.ts';
import type { Publisher } from './publisher.ts';
import { createTestServer, type TestServer } from './testing.ts';

const BODY = JSON.stringify({ app_id: '11', event: 'e', user_id: 1 });

async function listening(server: TestServer): Promise<number> {
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  return (server.app.server.address() as AddressInfo).port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function answerOn(socket: Socket): Promise<{ status: number; body: unknown }> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    const [head, body] = text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head ?? '')?.[1]);
    if (body?.length === length) return { status: Number(text.slice(9, 12)), body: JSON.parse(body) };
  }
  throw new Error(`Cannot read an answer: the connection ended after ${JSON.stringify(text)}`);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** A log whose acknowledgements come when the test says so. */
function heldPublisher(): Publisher & { waiting: (() => void)[] } {
  const waiting: (() => void)[] = [];
  return { waiting, publish: () => new Promise((resolve) => waiting.push(resolve)), notReady: () => '' };
}

test('a client that does not finish its request gets 408', async () => {
  const server = createTestServer({ requestTimeoutMs: 100 });
  const socket = await open(await listening(server));
  socket.write('POST /api/track HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"app_id"');
  assert.deepEqual(await answerOn(socket), {
    status: 408,
    body: { error: 'timeout', message: 'Cannot read the request: it took too long to arrive' },
  });
  await until(() => server.budget.bytes === 0);
  await server.app.close();
});

test('what is not HTTP gets 400, and headers over the limit 431', async () => {
  const server = createTestServer();
  const port = await listening(server);
  const garbage = await open(port);
  garbage.write('hello\r\n\r\n');
  assert.deepEqual(await answerOn(garbage), {
    status: 400,
    body: { error: 'bad_request', message: 'Cannot read the request: it is not valid HTTP' },
  });
  const large = await open(port);
  large.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  assert.deepEqual(await answerOn(large), {
    status: 431,
    body: { error: 'headers_too_large', message: 'Cannot read the request: its headers are too large' },
  });
  await server.app.close();
});

test('a chunked body over the limit gets 413 while it is still being sent', async () => {
  const server = createTestServer({ maxBodyBytes: 2048 });
  const socket = await open(await listening(server));
  socket.write('POST /api/track HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  socket.write(`1000\r\n${'x'.repeat(0x1000)}\r\n`);
  assert.deepEqual(await answerOn(socket), {
    status: 413,
    body: {
      error: 'body_too_large',
      message: 'Cannot accept the request: want a body of at most 2048 bytes',
    },
  });
  socket.destroy();
  await server.app.close();
});

test('a client that goes away gives its memory back', async () => {
  const server = createTestServer();
  const socket = await open(await listening(server));
  socket.write('POST /api/track HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"app_id"');
  await until(() => server.budget.bytes > 0);
  socket.destroy();
  await until(() => server.budget.bytes === 0);
  assert.deepEqual(server.publisher.records, []);
  await server.app.close();
});

test('over its memory the server answers 503 with Retry-After, and takes requests again afterwards', async () => {
  const publisher = heldPublisher();
  const server = createTestServer({ publisher }, 10_000);
  const send = () => server.app.inject({ method: 'POST', url: '/api/track', payload: BODY });
  const held = [send(), send()];
  await until(() => publisher.waiting.length === 2);
  const refused = await send();
  assert.deepEqual(
    [refused.statusCode, refused.headers['retry-after'], refused.json().error],
    [503, '1', 'overloaded'],
  );
  for (const acknowledge of publisher.waiting.splice(0)) acknowledge();
  assert.deepEqual(
    (await Promise.all(held)).map(({ statusCode }) => statusCode),
    [200, 200],
  );
  const again = send();
  await until(() => publisher.waiting.length === 1);
  publisher.waiting[0]!();
  assert.equal((await again).statusCode, 200);
  assert.equal(server.budget.bytes, 0);
  await server.app.close();
});

test('while the log takes nothing the server answers 503 with Retry-After and is not ready', async () => {
  const server = createTestServer();
  server.publisher.refusal = 'Kafka does not acknowledge';
  const refused = await server.app.inject({
    method: 'POST',
    url: '/v1/capture',
    payload: '{"app_id":"11","user_id":1,"events":[{"type":"click"}]}',
  });
  assert.deepEqual(
    [
      refused.statusCode,
      refused.headers['retry-after'],
      refused.headers['access-control-allow-origin'],
      refused.json(),
    ],
    [
      503,
      '5',
      '*',
      { error: 'unavailable', message: 'Cannot publish to events.collected: Kafka does not acknowledge' },
    ],
  );
  const ready = await server.app.inject('/readyz');
  assert.deepEqual([ready.statusCode, ready.body], [503, 'Kafka does not acknowledge\n']);
  assert.equal((await server.app.inject('/healthz')).statusCode, 200);
  await server.app.close();
});

test('a request under way when the server closes is answered', async () => {
  const publisher = heldPublisher();
  const server = createTestServer({ publisher });
  const socket = await open(await listening(server));
  socket.write(`POST /api/track HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`);
  await until(() => publisher.waiting.length === 1);
  const closed = server.app.close();
  publisher.waiting[0]!();
  assert.deepEqual(await answerOn(socket), { status: 200, body: {} });
  await closed;
});

test('an error of ours says nothing of our inside', async () => {
  const server = createTestServer({
    encode: () => {
      throw new Error('secret');
    },
  });
  const answer = await server.app.inject({ method: 'POST', url: '/api/track', payload: BODY });
  assert.deepEqual(
    [answer.statusCode, answer.json()],
    [500, { error: 'internal', message: 'Cannot answer the request: an error of the collector' }],
  );
  await server.app.close();
});

test('/metrics counts requests by route and status, inputs by kind and refusals by code', async () => {
  const server = createTestServer();
  const events = [{ event: 'e', user_id: 1 }, { event: 'f', user_id: 2 }, {}];
  await server.app.inject({ method: 'POST', url: '/api/track', payload: { app_id: '11', events } });
  await server.app.inject({ method: 'POST', url: '/api/track', payload: '{' });
  const { body } = await server.app.inject('/metrics');
  for (const line of [
    'cairn_collector_requests_total{route="/api/track",status="200"} 1',
    'cairn_collector_requests_total{route="/api/track",status="400"} 1',
    'cairn_collector_accepted_total{kind="event"} 2',
    'cairn_collector_rejected_total{code="missing_user"} 1',
    'cairn_collector_rejected_total{code="malformed_json"} 1',
    'cairn_collector_bytes_in_flight 0',
  ]) {
    assert.ok(body.includes(`${line}\n`), line);
  }
  await server.app.close();
});

test('the address of a client is taken from X-Forwarded-For only where a proxy is trusted', async () => {
  const cases: [trustProxy: number | string, want: string][] = [
    ['', '127.0.0.1'],
    [1, '192.0.2.9'],
    [2, '192.0.2.1'],
    ['all', '192.0.2.1'],
    ['10.0.0.0/8', '127.0.0.1'],
    ['127.0.0.0/8, 10.0.0.0/8', '192.0.2.9'],
  ];
  for (const [trustProxy, want] of cases) {
    const server = createTestServer({ trustProxy });
    await server.app.inject({
      method: 'POST',
      url: '/v1/capture',
      headers: { 'x-forwarded-for': '192.0.2.1, 192.0.2.9' },
      payload: { app_id: '11', user_id: 1, events: [{ type: 'click' }] },
    });
    assert.equal(collectedCodec.decode(server.publisher.records[0]!.value).ip, want, String(trustProxy));
    await server.app.close();
  }
});
