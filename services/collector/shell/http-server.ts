import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { UnavailableError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { Collected } from '#schemas/types.ts';
import {
  type Accepted,
  accept,
  answersOk,
  CAPTURE_PATH,
  type Circumstances,
  ROUTE_PATHS,
  type RoutePath,
} from '../core/accept.ts';
import { type Client, NO_CLIENT } from '../core/client.ts';
import { type Reply, replyTo } from '../core/reply.ts';
import type { ClientLookup } from './client-lookup.ts';
import { answerBrokenConnection, answerError, answerUnknownRoute } from './error-answers.ts';
import { HttpError, overloaded } from './http-error.ts';
import { type Letters, letterOf } from './letter-publisher.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import { addOperationsRoutes } from './operations-routes.ts';
import type { Publisher } from './publisher.ts';
import type { LogRecord } from './record-encoder.ts';
import { REQUEST_BYTES, readBody } from './request-body.ts';

export type HttpServerOptions = Pick<
  Circumstances,
  'environments' | 'plans' | 'refusePlaceholders' | 'maxAgeMs' | 'newId'
> & {
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly trustProxy: number | string;
  readonly publisher: Publisher;
  /** Takes what a tracking plan refuses. */
  readonly letters: Letters;
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
  const isCapture = path === CAPTURE_PATH;
  if (isCapture) allowOrigins(reply);
  const receivedAt = options.now();
  const share = options.budget.open();
  try {
    const body = await readBody(request.raw, options.maxBodyBytes, share);
    const client = isCapture ? options.lookUp(request.headers['user-agent'] ?? '', request.ip) : NO_CLIENT;
    const decision = decide(path, body, receivedAt, client, options);
    const { records, letters } = decision;
    if (!share.hold(REQUEST_BYTES + bytesOf(records) + bytesOf(letters))) throw overloaded();
    if (letters.length > 0) await options.letters.publish(letters);
    await options.publisher.publish(records);
    count(decision, options.metrics);
    const { status, contentType, body: answer } = decision.reply;
    return reply.code(status).header('content-type', contentType).send(answer);
  } finally {
    share.close();
  }
}

/** All that is kept of a request while Kafka is waited for: not its JSON, and not its decoded rows. */
type Decision = {
  readonly records: readonly LogRecord[];
  readonly letters: readonly LogRecord[];
  readonly reply: Reply;
  readonly acceptedByKind: ReadonlyMap<string, number>;
  readonly rejectedCodes: readonly string[];
  /** What a tracking plan found; undefined where it found nothing. */
  readonly violations: Violations | undefined;
};

type Violations = {
  readonly environment: string;
  readonly warned: readonly string[];
  readonly rejected: readonly string[];
};

function decide(
  path: RoutePath,
  body: Buffer,
  receivedAt: number,
  client: Client,
  { environments, plans, refusePlaceholders, maxAgeMs, newId, encode }: HttpServerOptions,
): Decision {
  const circumstances = { environments, plans, refusePlaceholders, maxAgeMs, newId, receivedAt, client };
  const outcome = accept(path, parseJson(body), circumstances);
  const reply = replyTo(outcome, answersOk(path));
  const acceptedByKind = new Map<string, number>();
  if ('error' in outcome) {
    const rejectedCodes = [outcome.error];
    return { records: [], letters: [], reply, acceptedByKind, rejectedCodes, violations: undefined };
  }
  for (const { kind } of outcome.accepted) acceptedByKind.set(kind, (acceptedByKind.get(kind) ?? 0) + 1);
  const rejectedCodes = outcome.rejected.map(({ code }) => code);
  return {
    records: outcome.accepted.map(encode),
    letters: outcome.plan?.refused.map((refusal) => letterOf(refusal, encode)) ?? [],
    reply,
    acceptedByKind,
    rejectedCodes,
    violations: violationsOf(outcome),
  };
}

function violationsOf({ plan }: Accepted): Violations | undefined {
  if (plan === undefined || plan.warned.length + plan.refused.length === 0) return undefined;
  return {
    environment: plan.policy.environment,
    warned: plan.warned,
    rejected: plan.refused.map(({ violation }) => violation),
  };
}

function count({ acceptedByKind, rejectedCodes, violations }: Decision, metrics: Metrics): void {
  for (const [kind, inputs] of acceptedByKind) metrics.accepted.inc({ kind }, inputs);
  for (const code of rejectedCodes) metrics.rejected.inc({ code });
  if (violations === undefined) return;
  const { environment, warned, rejected } = violations;
  for (const code of warned) metrics.planViolations.inc({ environment, code, action: 'warned' });
  for (const code of rejected) metrics.planViolations.inc({ environment, code, action: 'rejected' });
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
