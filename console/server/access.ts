import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { durationMs } from '#lib/config/duration.ts';
import type { Environment } from '#lib/config/environments.ts';
import { ConfigError } from '#lib/errors.ts';
import type { ConsoleConfig } from '../config.ts';
import { readSession, type Session, signSession } from './session-token.ts';
import { createAddressList } from './trusted-proxies.ts';

const COOKIE = 'cairn_console';

/** Who may see what. */
export type Access = {
  /** Whether there is a key to log in with. */
  readonly hasKeys: boolean;
  /** The session of a request; undefined = log in first. */
  sessionOf(request: FastifyRequest): Session | undefined;
  /** The session that a key opens; undefined where it is none. */
  open(key: string): Session | undefined;
  keep(reply: FastifyReply, session: Session, isSecure: boolean): void;
  drop(reply: FastifyReply): void;
};

/**
 * Three ways in: a key, a reverse proxy that says who it let in, and, where neither is set up, being on this machine.
 * Throws ConfigError where anybody in the network could come in.
 */
export function createAccess(config: ConsoleConfig, environments: readonly Environment[]): Access {
  const keys = keysOf(config, environments);
  const header = config.CAIRN_CONSOLE_TRUSTED_HEADER;
  checkSetup(config, keys.length > 0);
  const isTrusted = createAddressList(config.CAIRN_CONSOLE_TRUSTED_PROXIES);
  const isOpen = keys.length === 0 && header === '';
  // Lives as long as the process: a restart ends all sessions, and no key can be guessed from a cookie.
  const secret = randomBytes(32);
  const lastsMs = durationMs(config.CAIRN_CONSOLE_SESSION);
  return {
    hasKeys: keys.length > 0,
    sessionOf(request) {
      if (isOpen) return { who: '', expiresAtMs: Number.MAX_SAFE_INTEGER };
      const named = header === '' ? undefined : request.headers[header];
      if (typeof named === 'string' && named !== '' && isTrusted(request.socket.remoteAddress ?? ''))
        return { who: named, expiresAtMs: Number.MAX_SAFE_INTEGER };
      return readSession(cookieOf(request), secret, Date.now());
    },
    open(key) {
      const given = digest(key);
      // Every key is compared, so that the time taken tells nothing.
      const found = keys.filter((one) => timingSafeEqual(given, one.digest))[0];
      if (found === undefined) return undefined;
      const { who, environment } = found;
      return {
        who,
        ...(environment === undefined ? {} : { environment }),
        expiresAtMs: Date.now() + lastsMs,
      };
    },
    keep(reply, session, isSecure) {
      const age = Math.floor(lastsMs / 1000);
      reply.header('set-cookie', cookie(signSession(session, secret), age, isSecure));
    },
    drop(reply) {
      reply.header('set-cookie', cookie('', 0, false));
    },
  };
}

type Key = { readonly digest: Buffer; readonly who: string; readonly environment?: number };

function keysOf(config: ConsoleConfig, environments: readonly Environment[]): readonly Key[] {
  const own = config.CAIRN_CONSOLE_KEY;
  return [
    ...(own === '' ? [] : [{ digest: digest(own), who: 'console key' }]),
    ...environments
      .filter(({ apiKey }) => apiKey !== '')
      .map(({ apiKey, number, name }) => ({
        digest: digest(apiKey),
        who: `key of ${name}`,
        environment: number,
      })),
  ];
}

function checkSetup(config: ConsoleConfig, hasKeys: boolean): void {
  const { CAIRN_CONSOLE_TRUSTED_HEADER: header, CAIRN_CONSOLE_TRUSTED_PROXIES: proxies } = config;
  if (header !== '' && proxies.length === 0)
    throw new ConfigError([
      'Cannot trust CAIRN_CONSOLE_TRUSTED_HEADER: CAIRN_CONSOLE_TRUSTED_PROXIES names no address that may send it',
    ]);
  const host = config.CAIRN_CONSOLE_HOST;
  if (!hasKeys && header === '' && !isLoopback(host))
    throw new ConfigError([
      `Cannot listen on ${host} without a login: set CAIRN_CONSOLE_KEY, give environments an apiKey, or name a reverse proxy's header in CAIRN_CONSOLE_TRUSTED_HEADER`,
    ]);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Of equal length whatever the text, as the comparison wants. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  return headers.cookie
    ?.split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1);
}

function cookie(value: string, ageSeconds: number, isSecure: boolean): string {
  return `${COOKIE}=${value}; Path=/; Max-Age=${ageSeconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}
