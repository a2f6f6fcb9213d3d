import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export type HealthServer = {
  /** Base URL of /healthz, /readyz and /metrics. */
  readonly url: string;
  close(): Promise<void>;
};

/** Serves /healthz (the process answers), /readyz (it does its work) and /metrics (Prometheus text). */
export async function startHealthServer(options: {
  port: number;
  metrics: Registry;
  /** Empty when ready, else why not. */
  notReady: () => string;
}): Promise<HealthServer> {
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') return response.end('ok\n');
    if (path === '/readyz') {
      const reason = options.notReady();
      response.statusCode = reason === '' ? 200 : 503;
      return response.end(reason === '' ? 'ready\n' : `${reason}\n`);
    }
    if (path === '/metrics') {
      response.setHeader('content-type', options.metrics.contentType);
      return response.end(await options.metrics.metrics());
    }
    response.statusCode = 404;
    return response.end('not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
