import { randomBytes } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Environment } from '#lib/config/environments.ts';
import type { Logger } from '#lib/service/logger.ts';
import { isAllowedHost } from '../core/allowed-host.ts';
import type { Access } from './access.ts';
import { AnswerError } from './answers.ts';
import type { Assets } from './assets.ts';
import { addLogin } from './login-route.ts';
import { PAGES } from './pages.ts';
import type { Session } from './session-token.ts';
import { shellPage, type Theme } from './shell-page.ts';

const MOST_BODY_BYTES = 256 * 1024;
const YEAR_S = 31_536_000;

export type Visitor = {
  readonly session: Session;
  /** Environments the visitor may see. */
  readonly environments: readonly Environment[];
  /** The one that the request is about. */
  readonly environment: Environment;
};

export type App = {
  readonly server: FastifyInstance;
  /** Who asks, and about which environment. Throws AnswerError where nobody is logged in, or it is not theirs. */
  visitor(request: FastifyRequest): Visitor;
};

type Options = {
  readonly access: Access;
  readonly assets: Assets;
  readonly environments: readonly Environment[];
  readonly hosts: readonly string[];
  readonly log: Logger;
};

/** The HTTP side: who may come in, pages and what they load. Answers are added by the routes. */
export function createApp({ access, assets, environments, hosts, log }: Options): App {
  const server = fastify({ bodyLimit: MOST_BODY_BYTES, forceCloseConnections: true, logger: false });

  server.addHook('onRequest', async (request, reply) => {
    addSecurityHeaders(reply);
    if (!isAllowedHost(request.headers.host, hosts))
      return reply
        .code(421)
        .type('text/plain; charset=utf-8')
        .send(
          `This console is not known under the name ${JSON.stringify(request.headers.host ?? '')}: add it to CAIRN_CONSOLE_HOSTS\n`,
        );
    // Nothing but following a link may come from a page of another site.
    const isForeign = request.headers['sec-fetch-site'] === 'cross-site';
    if (isForeign && request.headers['sec-fetch-mode'] !== 'navigate')
      return reply.code(403).send('Not from another site\n');
    return undefined;
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof AnswerError)
      return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ err: error }, 'a request failed');
    const message = status >= 500 ? 'The console failed; its log says why' : error.message;
    return reply.code(status).send({ error: { code: 'failed', message } });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: { code: 'not_found', message: 'There is no such page' } }),
  );

  server.get('/healthz', async () => 'ok\n');
  server.get<{ Params: { '*': string } }>(`${assets.base}/*`, (request, reply) => {
    const asset = assets.find(request.params['*']);
    if (asset === undefined) return reply.callNotFound();
    reply.header('etag', asset.etag).header('cache-control', `public, max-age=${YEAR_S}, immutable`);
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    reply.header('vary', 'accept-encoding').type(asset.type);
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(asset.content);
    return reply.header('content-encoding', 'gzip').send(asset.gzipped);
  });

  const visitor = (request: FastifyRequest): Visitor => {
    const session = access.sessionOf(request);
    if (session === undefined) throw new AnswerError(401, 'logged_out', 'Log in to go on');
    const own = environments.filter(
      ({ number }) => session.environment === undefined || number === session.environment,
    );
    const { env } = request.query as { env?: unknown };
    const environment = env === undefined ? own[0] : own.find(({ name }) => name === env);
    if (environment === undefined)
      throw new AnswerError(404, 'unknown_environment', `There is no environment ${JSON.stringify(env)}`);
    return { session, environments: own, environment };
  };

  server.get('/', (_request, reply) => reply.redirect('/live'));
  for (const page of PAGES) {
    server.get(page.path, (request, reply) => {
      if (access.sessionOf(request) === undefined)
        return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`);
      const { environments: own, environment, session } = visitor(request);
      return sendPage(reply, (nonce) =>
        shellPage(page, {
          base: assets.base,
          nonce,
          theme: themeOf(request),
          environments: own.map(({ name }) => name),
          environment: environment.name,
          who: session.who,
          canLogOut: access.hasKeys && session.expiresAtMs < Number.MAX_SAFE_INTEGER,
        }),
      );
    });
  }
  addLogin(server, { access, assets });
  return { server, visitor };
}

/** Sends HTML whose one inline script carries the nonce. */
export function sendPage(reply: FastifyReply, render: (nonce: string) => string): FastifyReply {
  const nonce = randomBytes(16).toString('base64');
  return reply
    .header('content-security-policy', `${POLICY}; script-src 'self' 'nonce-${nonce}'`)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(render(nonce));
}

/** Charts write style attributes into their SVG, which is all that `style-src-attr` allows; the component styles have data: pictures. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src-attr 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

function addSecurityHeaders(reply: FastifyReply): void {
  reply
    .header('content-security-policy', POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cross-origin-resource-policy', 'same-origin')
    .header('cache-control', 'no-store');
}

/** What the person chose by the button, kept in a cookie so that the first paint is right. */
export function themeOf({ headers }: FastifyRequest): Theme {
  const [, theme] = /(?:^|;\s*)cairn_theme=(light|dark)(?:;|$)/.exec(headers.cookie ?? '') ?? [];
  return theme as Theme;
}
