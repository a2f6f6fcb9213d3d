import type { ServerResponse } from 'node:http';
import { type LiveFilter, type LiveRecord, passes } from '../core/live-filter.ts';
import type { LiveFeed } from './live-feed.ts';

/** Records that wait for one browser at most; beyond that the oldest are dropped and counted. */
const MOST_WAITING = 500;
const SEND_EVERY_MS = 100;
const SIGN_OF_LIFE_MS = 15_000;

/**
 * Sends one browser what passes its filter, as server-sent events: `records` (a JSON array, oldest first), `dropped` (how
 * many it has missed since the last time) and `trouble`. Ends when the browser goes or the session expires.
 */
export function streamLive(
  response: ServerResponse,
  feed: LiveFeed,
  filter: LiveFilter,
  canSee: (record: LiveRecord) => boolean,
  expiresAtMs: number,
): void {
  let waiting: LiveRecord[] = [];
  let dropped = 0;
  let spoke = performance.now();
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // A proxy that gathers answers would hold events back.
    'x-accel-buffering': 'no',
  });
  const say = (event: string, data: unknown) => {
    spoke = performance.now();
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const wanted = (record: LiveRecord) => canSee(record) && passes(record, filter);
  const { recent, trouble, leave } = feed.watch({
    records(records, isBacklog) {
      waiting.push(...records.filter(wanted));
      const tooMany = waiting.length - MOST_WAITING;
      if (tooMany <= 0) return;
      waiting = waiting.slice(tooMany);
      if (!isBacklog) dropped += tooMany;
    },
    skipped(count) {
      dropped += count;
    },
    trouble: (text) => say('trouble', text),
  });
  say('trouble', trouble);
  waiting.push(...recent.filter(wanted).slice(-MOST_WAITING));
  const timer = setInterval(() => {
    if (Date.now() >= expiresAtMs) {
      response.end();
      return;
    }
    // A browser that does not take what it was sent gets nothing more until it does.
    if (response.writableNeedDrain) return;
    if (waiting.length > 0) {
      say('records', waiting);
      waiting = [];
    }
    if (dropped > 0) {
      say('dropped', dropped);
      dropped = 0;
    }
    if (performance.now() - spoke > SIGN_OF_LIFE_MS) {
      spoke = performance.now();
      response.write(': still here\n\n');
    }
  }, SEND_EVERY_MS);
  response.once('close', () => {
    clearInterval(timer);
    leave();
  });
}
