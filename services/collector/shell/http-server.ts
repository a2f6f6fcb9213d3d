import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { UnavailableError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { Collected } from '#schemas/types.ts';
import {
  accept,
  answersOk,
  CAPTURE_PATH,
  type Circumstances,
  ROUTE_PATHS,
  type RoutePath,
} from '../core/accept.ts';
import { NO_CLIENT } from '../core/client.ts';
import { replyTo } from '../core/reply.ts';
import type { ClientLookup } from './client-lookup.ts';
import { answerBrokenConnection, answerError, answerUnknownRoute } from './error-answers.ts';
import { HttpError, overloaded } from './http-error.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import { addOperationsRoutes } from './operations-routes.ts';
import type { Publisher } from './publisher.ts';
import type { LogRecord } from './record-encoder.ts';
import { readBody } from './request-body.ts';

export type HttpServerOptions = Pick<
  Circumstances,
  'environments' | 'refusePlaceholders' | 'maxAgeMs' | 'newId'
> & {
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly trustProxy: number | string;
  readonly publisher: Publisher;
  readonly budget: MemoryBudget;
  readonly lookUp: ClientLookup;
  readonly encode: (input: Collected) => LogRecord;
  readonly metrics: Metrics;
  readonly now: () => number;
  readonly log: Logger;
};

/** The collector's HTTP API: Heap's routes, `/v1/capture`, and the operator's endpoints. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { metrics, requestTimeoutMs } = options;
  const app = fastify({
    trustProxy: trustedBy(options.trustProxy),
    routerOptions: { ignoreTrailingSlash: true },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: 75_000,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: Math.min(requestTimeoutMs, 20_000),
      connectionsCheckingInterval: Math.min(requestTimeoutMs, 5000),
    },
    clientErrorHandler: answerBrokenConnection,
    frameworkErrors: (error, _request, reply) => answerError(error, reply),
  });

  // Bodies are read by the handler, whatever they call themselves: they are JSON.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof HttpError) metrics.rejected.inc({ code: error.code });
    else if (!(error instanceof UnavailableError)) options.log.error({ err: error }, 'a request failed');
    answerError(error as Error, reply);
  });
  app.setNotFoundHandler((request, reply) => answerUnknownRoute(request, reply));
  app.addHook('onResponse', (request, reply, done) => {
    metrics.requests.inc({ route: request.routeOptions.url ?? 'unknown', status: reply.statusCode });
    done();
  });

  for (const path of ROUTE_PATHS) app.post(path, (request, reply) => ingest(path, request, reply, options));
  app.options(CAPTURE_PATH, (_request, reply) => allowOrigins(reply).code(204).send());
  addOperationsRoutes(app, options.publisher, metrics);
  return app;
}

/** The life of a request: read, decide, write to the log, and only then answer. */
async function ingest(
  path: RoutePath,
  request: FastifyRequest,
  reply: FastifyReply,
  options: HttpServerOptions,
): Promise<FastifyReply> {
  const { environments, refusePlaceholders, maxAgeMs, newId, publisher, budget, metrics } = options;
  const isCapture = path === CAPTURE_PATH;
  if (isCapture) allowOrigins(reply);
  const receivedAt = options.now();
  const share = budget.open();
  try {
    const body = parseJson(await readBody(request.raw, options.maxBodyBytes, share));
    const client = isCapture ? options.lookUp(request.headers['user-agent'] ?? '', request.ip) : NO_CLIENT;
    const outcome = accept(path, body, {
      environments,
      refusePlaceholders,
      maxAgeMs,
      newId,
      receivedAt,
      client,
    });
    if ('error' in outcome) metrics.rejected.inc({ code: outcome.error });
    else {
      for (const { code } of outcome.rejected) metrics.rejected.inc({ code });
      const records = outcome.accepted.map(options.encode);
      if (!share.hold(bytesOf(records))) throw overloaded();
      await publisher.publish(records);
      for (const { kind } of outcome.accepted) metrics.accepted.inc({ kind });
    }
    const answer = replyTo(outcome, answersOk(path));
    return reply.code(answer.status).header('content-type', answer.contentType).send(answer.body);
  } finally {
    share.close();
  }
}

function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new HttpError(400, 'malformed_json', `Cannot read the body as JSON: ${(cause as Error).message}`);
  }
}

function bytesOf(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += key.length + value.length;
  return bytes;
}

function allowOrigins(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'content-type, content-encoding',
    'access-control-expose-headers': 'retry-after',
    'access-control-max-age': '86400',
  });
}

function trustedBy(
  trustProxy: number | string,
): boolean | string | ((address: string, hop: number) => boolean) {
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  return trustProxy === 'all' || (trustProxy !== '' && trustProxy);
}
