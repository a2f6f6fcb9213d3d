import { once } from 'node:events';
import { createServer } from 'node:net';
import { ConfigError } from '#lib/errors.ts';

/** Below the range that systems take the ports of outgoing connections from, so a restart finds its port free. */
const FIRST_FREE_PORT = 20_000;
const FREE_PORTS = 10_000;
const ATTEMPTS = 100;

export const LOOPBACK = '127.0.0.1';

/** A port nobody listens on, on the loopback interface. */
export async function pickFreePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST_FREE_PORT + Math.floor(Math.random() * FREE_PORTS);
    if ((await listenFailure(port)) === undefined) return port;
  }
  throw new ConfigError([
    `Cannot find a free port: ${ATTEMPTS} ports between ${FIRST_FREE_PORT} and ${FIRST_FREE_PORT + FREE_PORTS - 1} are all taken`,
  ]);
}

/**
 * The port to listen on: `port` itself, or a free one for 0. Throws ConfigError where it is taken or not
 * allowed; `variable` is the environment variable that sets it.
 */
export async function claimPort(port: number, variable: string, what: string): Promise<number> {
  if (port === 0) return pickFreePort();
  const code = await listenFailure(port);
  if (code === undefined) return port;
  const [reason, remedy] =
    code === 'EADDRINUSE'
      ? ['is in use by another program', `Stop that program, or set ${variable} to another port`]
      : [`cannot be opened (${code})`, `Set ${variable} to another port`];
  throw new ConfigError([`Cannot start ${what}: port ${port} ${reason}. ${remedy} (0 picks a free one)`]);
}

async function listenFailure(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host: LOOPBACK, exclusive: true });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
