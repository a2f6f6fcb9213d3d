import type { LiveFilter } from '../core/live-filter.ts';
import { AnswerError } from './answers.ts';
import type { App } from './app.ts';
import type { LiveFeed } from './live-feed.ts';
import { streamLive } from './live-stream.ts';

/** Streams open at a time, over all browsers: each holds a connection and a queue. */
const MOST_STREAMS = 200;
const LONGEST_TERM = 200;

/** `GET /api/live`: what arrives, as server-sent events. */
export function addLive({ server, visitor }: App, feed: LiveFeed): void {
  let open = 0;
  server.get('/api/live', (request, reply) => {
    const { session, environment, environments } = visitor(request);
    if (open >= MOST_STREAMS)
      throw new AnswerError(503, 'busy', 'Too many people watch live events: close other windows');
    const filter = readFilter(request.query as Record<string, unknown>);
    // What names no environment may be anybody's: only who sees all of them sees it.
    const seesAll = session.environment === undefined;
    const number = environment.number;
    const known = new Set(environments.map((one) => one.number));
    reply.hijack();
    open += 1;
    reply.raw.once('close', () => {
      open -= 1;
    });
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    streamLive(
      reply.raw,
      feed,
      filter,
      (record) => record.environment === number || (seesAll && !known.has(record.environment)),
      session.expiresAtMs,
    );
  });
}

function readFilter(query: Record<string, unknown>): LiveFilter {
  const term = (name: string) =>
    String(query[name] ?? '')
      .trim()
      .slice(0, LONGEST_TERM);
  const show = query['show'];
  return {
    name: term('name'),
    user: term('user'),
    text: term('text'),
    show: show === 'taken' || show === 'rejected' ? show : 'all',
  };
}
