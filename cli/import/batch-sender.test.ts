import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Delivery } from '../delivery.ts';
import { sendBatch } from './batch-sender.ts';
import { SUBJECTS } from './subject.ts';

type Body = { app_id: string; users: { identity: string }[] };
type Reply = { status: number; body: string };

/** Sends five rows, a to e, to a collector that answers as told. */
async function sendTo(t: TestContext, reply: (body: Body, count: number) => Reply) {
  const bodies: Body[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      const { status, body } = reply(bodies.at(-1)!, bodies.length);
      response.writeHead(status, { 'retry-after': '0' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const delivery = new Delivery({ url, connections: 1, patienceMs: 5000, timeoutMs: 5000 });
  t.after(() => {
    delivery.close();
    server.close();
  });
  const refused: string[] = [];
  const batch = ['a', 'b', 'c', 'd', 'e'].map((id, index) => {
    return { row: index + 1, id, json: JSON.stringify({ identity: id, properties: {} }), values: {} };
  });
  const sending = sendBatch(batch, {
    subject: SUBJECTS['users']!,
    appId: '11',
    delivery,
    signal: new AbortController().signal,
    onRefused: async ({ row }, { code }) => void refused.push(`${row} ${code}`),
  });
  const sent = await sending;
  return {
    sent,
    refused,
    requests: bodies.map(({ users }) => users.map(({ identity }) => identity).join('')),
  };
}

const rejected = (...codes: readonly (readonly [index: number, code: string])[]) =>
  JSON.stringify({ rejected: codes.map(([index, code]) => ({ index, code, message: 'm' })) });

test('rows that the collector refuses are told apart from those it takes', async (t) => {
  const { sent, refused } = await sendTo(t, () => ({ status: 200, body: rejected([1, 'x'], [4, 'y']) }));
  assert.deepEqual({ sent, refused }, { sent: { accepted: 3, retries: 0 }, refused: ['2 x', '5 y'] });
});

test('a request of which nothing is acceptable is a verdict on each row, not a failure', async (t) => {
  const all = rejected(...[0, 1, 2, 3, 4].map((index) => [index, 'x'] as const));
  const { sent, refused } = await sendTo(t, () => ({ status: 400, body: all }));
  assert.equal(sent.accepted, 0);
  assert.equal(refused.length, 5);
});

test('a batch is sent again after a 503, halved after a 413, and what was too much for it goes by itself', async (t) => {
  const { sent, refused, requests } = await sendTo(t, ({ users }, count) => {
    if (count === 1) return { status: 503, body: '{}' };
    if (users.length > 3 || users[0]?.identity === 'a')
      return { status: 413, body: '{"message":"Cannot accept the request"}' };
    if (users.length === 3)
      return { status: 200, body: rejected([1, 'batch_too_large'], [2, 'batch_too_large']) };
    return { status: 200, body: '{}' };
  });
  assert.deepEqual(requests, ['abcde', 'abcde', 'ab', 'a', 'b', 'cde', 'de']);
  assert.deepEqual({ sent, refused }, { sent: { accepted: 4, retries: 1 }, refused: ['1 body_too_large'] });
});

test('a refusal that is no fault of a row ends the import', async (t) => {
  await assert.rejects(
    sendTo(t, () => ({ status: 400, body: '{"error":"unknown_app_id","message":"Cannot accept"}' })),
    /Cannot send users: .* answered 400 .*unknown_app_id/,
  );
});
