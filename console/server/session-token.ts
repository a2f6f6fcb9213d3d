import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who is logged in. */
export type Session = {
  /** How the console calls them. */
  readonly who: string;
  /** Number of the one environment they may see; undefined = all. */
  readonly environment?: number | undefined;
  /** Epoch ms from which on it counts no more. */
  readonly expiresAtMs: number;
};

/** Text of a session with its signature, for a cookie. */
export function signSession(session: Session, secret: Buffer): string {
  const body = Buffer.from(JSON.stringify(session)).toString('base64url');
  return `${body}.${signatureOf(body, secret).toString('base64url')}`;
}

/** The session of a cookie; undefined where it was not signed with the secret, or has expired. */
export function readSession(token: string | undefined, secret: Buffer, nowMs: number): Session | undefined {
  const [body, signature, ...rest] = token?.split('.') ?? [];
  if (body === undefined || signature === undefined || rest.length > 0) return undefined;
  const given = Buffer.from(signature, 'base64url');
  const right = signatureOf(body, secret);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  const session = JSON.parse(Buffer.from(body, 'base64url').toString()) as Session;
  return session.expiresAtMs > nowMs ? session : undefined;
}

function signatureOf(body: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}
