/** A collector's HTTP server on a log in memory, for tests. */
import type { FastifyInstance } from 'fastify';
import { createLogger } from '#lib/service/logger.ts';
import { anEnvironment, MAX_AGE_MS, NEW_ID, RECEIVED_AT } from '../core/testing.ts';
import { type ClientLookup, createClientLookup } from './client-lookup.ts';
import { createHttpServer, type HttpServerOptions } from './http-server.ts';
import { MemoryBudget } from './memory-budget.ts';
import { MemoryPublisher } from './memory-publisher.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createRecordEncoder } from './record-encoder.ts';

export type TestServer = {
  readonly app: FastifyInstance;
  readonly publisher: MemoryPublisher;
  readonly letters: MemoryPublisher;
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
};

const lookUp: ClientLookup = await createClientLookup('');

export function createTestServer(
  changes: Partial<HttpServerOptions> = {},
  maxBytesInFlight = 2 ** 26,
): TestServer {
  const publisher = new MemoryPublisher();
  const letters = new MemoryPublisher();
  const budget = new MemoryBudget(maxBytesInFlight);
  const metrics = createMetrics(() => budget.bytes);
  const app = createHttpServer({
    environments: new Map([['11', anEnvironment()]]),
    plans: new Map(),
    refusePlaceholders: true,
    maxAgeMs: MAX_AGE_MS,
    maxBodyBytes: 5 * 2 ** 20,
    requestTimeoutMs: 60_000,
    trustProxy: '',
    newId: () => NEW_ID,
    now: () => RECEIVED_AT,
    encode: createRecordEncoder(() => 4),
    log: createLogger('collector', 'silent'),
    publisher,
    letters,
    budget,
    metrics,
    lookUp,
    ...changes,
  });
  return { app, publisher, letters, budget, metrics };
}
