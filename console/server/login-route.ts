import type { FastifyInstance } from 'fastify';
import { GuessLimit } from '../core/guess-limit.ts';
import { safeNext } from '../core/safe-next.ts';
import type { Access } from './access.ts';
import { sendPage, themeOf } from './app.ts';
import type { Assets } from './assets.ts';
import { loginPage } from './shell-page.ts';

/** The form, what it sends, and the way out. */
export function addLogin(
  server: FastifyInstance,
  { access, assets }: { readonly access: Access; readonly assets: Assets },
): void {
  const guesses = new GuessLimit();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 8192 },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );

  server.get<{ Querystring: { next?: string } }>('/login', (request, reply) => {
    const next = safeNext(request.query.next);
    if (access.sessionOf(request) !== undefined) return reply.redirect(next);
    return sendPage(reply, (nonce) =>
      loginPage({
        base: assets.base,
        nonce,
        theme: themeOf(request),
        next,
        problem: '',
        hasKeys: access.hasKeys,
      }),
    );
  });

  server.post<{ Body: { key?: unknown; next?: unknown } | undefined }>('/login', (request, reply) => {
    const { key = '', next: wanted } = request.body ?? {};
    const next = safeNext(wanted);
    const address = request.socket.remoteAddress ?? '';
    const refuse = (status: number, problem: string) =>
      sendPage(reply.code(status), (nonce) =>
        loginPage({
          base: assets.base,
          nonce,
          theme: themeOf(request),
          next,
          problem,
          hasKeys: access.hasKeys,
        }),
      );
    const waitMs = guesses.waitMs(address, performance.now());
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      reply.header('retry-after', seconds);
      return refuse(429, `Too many wrong keys: try again in ${seconds} s`);
    }
    const session = typeof key === 'string' ? access.open(key) : undefined;
    if (session === undefined) {
      guesses.wrong(address, performance.now());
      return refuse(401, 'This is no key of this console');
    }
    guesses.right(address);
    access.keep(reply, session, request.headers['x-forwarded-proto'] === 'https');
    return reply.redirect(next, 303);
  });

  server.post('/logout', (_request, reply) => {
    access.drop(reply);
    return reply.redirect('/login', 303);
  });

  // Whether somebody is logged in, for the form: a link from another site comes without the cookie.
  server.get('/api/session', async (request) => ({ isOpen: access.sessionOf(request) !== undefined }));
}
