import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { DemoRequest } from './dispatch.ts';
import { NO_ROWS } from './row-count.ts';
import { send } from './sender.ts';

type Received = { path: string; body: Record<string, unknown>; agent: string };

/** A collector's door: `reply` decides about each request, in order of arrival. */
async function withServer(
  reply: (
    received: Received,
    count: number,
  ) => { status: number; body?: string; headers?: object } | 'hang up',
  use: (url: string, received: Received[]) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const entry = {
        path: request.url ?? '',
        body: JSON.parse(text),
        agent: request.headers['user-agent'] ?? '',
      };
      received.push(entry);
      const answer = reply(entry, received.length);
      if (answer === 'hang up') {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { ...answer.headers });
      response.end(answer.body ?? '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, received);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function aRequest(lane: number, n: number, path = '/api/track'): DemoRequest {
  return { lane, sendAt: n, path, userAgent: `agent-${lane}`, body: { app_id: '11', n } };
}

const OPTIONS = { connections: 4, patienceMs: 5000, signal: new AbortController().signal };

test('send() keeps the order within a lane and uses several connections', async () => {
  const requests = Array.from({ length: 60 }, (_, n) => aRequest(n % 6, n));
  await withServer(
    () => ({ status: 200 }),
    async (url, received) => {
      const report = await send(requests, { ...OPTIONS, url });
      assert.deepEqual(report, { requests: 60, retries: 0, uncertain: NO_ROWS, refused: 0 });
      for (let lane = 0; lane < 6; lane += 1) {
        const order = received.filter(({ agent }) => agent === `agent-${lane}`).map(({ body }) => body['n']);
        assert.deepEqual(
          order,
          requests.filter((r) => r.lane === lane).map((r) => r.body['n']),
        );
      }
    },
  );
});

test('send() sends the same body again after a lost connection and after 503, and counts what may be double', async () => {
  await withServer(
    (_, count) =>
      count === 1
        ? 'hang up'
        : count === 2
          ? { status: 503, headers: { 'retry-after': '0' } }
          : { status: 200 },
    async (url, received) => {
      const request = { ...aRequest(0, 7), body: { app_id: '11', events: [{ n: 1 }, { n: 2 }] } };
      const report = await send([request], { ...OPTIONS, url });
      assert.deepEqual(report, { requests: 1, retries: 2, uncertain: { ...NO_ROWS, events: 4 }, refused: 0 });
      assert.deepEqual(
        received.map(({ body }) => body),
        [request.body, request.body, request.body],
      );
    },
  );
});

test('send() stamps sent_at on client requests alone', async () => {
  await withServer(
    () => ({ status: 200 }),
    async (url, received) => {
      const before = Date.now();
      await send([aRequest(0, 1, '/v1/capture'), aRequest(0, 2)], { ...OPTIONS, url });
      assert.ok(Date.parse(received[0]!.body['sent_at'] as string) >= before);
      assert.equal('sent_at' in received[1]!.body, false);
    },
  );
});

test('send() counts refused rows', async () => {
  await withServer(
    () => ({ status: 200, body: '{"rejected":[{"index":3,"code":"event_empty","message":"..."}]}' }),
    async (url) => {
      assert.equal((await send([aRequest(0, 1)], { ...OPTIONS, url })).refused, 1);
    },
  );
});

test('send() fails at once when a request is wrong, naming the path and the answer', async () => {
  await withServer(
    () => ({ status: 400, body: '{"error":"app_id_unknown"}' }),
    async (url, received) => {
      await assert.rejects(
        send([aRequest(0, 1), aRequest(0, 2)], { ...OPTIONS, url }),
        /\/api\/track: the collector answered 400 \{"error":"app_id_unknown"\}/,
      );
      assert.equal(received.length, 1);
    },
  );
});

test('send() gives up on a collector that never answers', async () => {
  await withServer(
    () => 'hang up',
    async (url) => {
      await assert.rejects(
        send([aRequest(0, 1)], { ...OPTIONS, url, patienceMs: 50 }),
        /no success in 50 ms/,
      );
    },
  );
});
