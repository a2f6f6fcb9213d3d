import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { LiveRecord } from '../core/live-filter.ts';
import type { LiveFeed, Viewer } from './live-feed.ts';
import { streamLive } from './live-stream.ts';

const ANY = { name: '', user: '', text: '', show: 'all' } as const;

const record = (offset: number): LiveRecord => ({
  ...{ id: `t 0@${offset}`, at: '2026-03-01T00:00:00.000Z', environment: 1, partition: 0, offset },
  ...{ kind: 'event', name: 'Signup', source: 'web', deviceId: 1, identity: '', fields: {} },
});
const many = Array.from({ length: 2000 }, (_, offset) => record(offset));

/** What a browser gets of a feed until a text has come, or the stream ends. */
async function streamed(
  push: (viewer: Viewer) => void,
  until: string,
  expiresAtMs = Number.MAX_SAFE_INTEGER,
) {
  const left = Promise.withResolvers<true>();
  const feed: LiveFeed = {
    watch(viewer) {
      setImmediate(() => push(viewer));
      return {
        recent: [],
        trouble: '',
        leave: () => left.resolve(true),
      };
    },
    close: async () => undefined,
  };
  const server = createServer((_request, response) =>
    streamLive(response, feed, ANY, ({ offset }) => offset % 2 === 0, expiresAtMs),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes(until)) break;
  }
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  return { text, left: await left.promise };
}

test('streamLive() sends the newest of what comes too fast, and says how many it has dropped', async () => {
  const { text, left } = await streamed(
    (viewer) => viewer.records(many, false),
    'event: dropped\ndata: 500\n\n',
  );
  const [, sent = '[]'] = /event: records\ndata: (.*)\n/.exec(text) ?? [];
  const offsets = (JSON.parse(sent) as LiveRecord[]).map(({ offset }) => offset);
  assert.deepEqual([offsets.length, offsets[0], offsets.at(-1)], [500, 1000, 1998]);
  assert.equal(left, true);
});

test('streamLive() takes what was there before for no loss, and passes on what could not be decoded', async () => {
  const { text } = await streamed((viewer) => {
    viewer.records(many, true);
    viewer.skipped(7);
  }, 'event: dropped\ndata: 7\n\n');
  assert.match(text, /event: records/);
});

test('streamLive() ends with the session', async () => {
  const { text } = await streamed(() => undefined, 'never', 0);
  assert.equal(text, 'event: trouble\ndata: ""\n\n');
});
