import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';
import type { Publisher } from './publisher.ts';

/** /healthz (the process answers), /readyz (it takes events) and /metrics (Prometheus text). */
export function addOperationsRoutes(app: FastifyInstance, publisher: Publisher, metrics: Metrics): void {
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const reason = publisher.notReady();
    return reply
      .code(reason === '' ? 200 : 503)
      .type('text/plain')
      .send(reason === '' ? 'ready\n' : `${reason}\n`);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
