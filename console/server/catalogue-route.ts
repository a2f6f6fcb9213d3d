import {
  type CatalogueEventRow,
  type CataloguePropertyRow,
  catalogueEventsQuery,
  eventPropertiesQuery,
  userPropertiesQuery,
} from '#queries/catalogue.ts';
import { type Answers, signalOf } from './answers.ts';
import type { App } from './app.ts';

/** `GET /api/catalogue`: events and their volumes; with `event=` its properties; with `of=users` those of users. */
export function addCatalogue({ server, visitor }: App, answers: Answers): void {
  server.get<{ Querystring: { event?: string; of?: string } }>('/api/catalogue', async (request, reply) => {
    const { environment } = visitor(request);
    const ask = answers.asking(signalOf(reply));
    const scope = { environment: environment.number, nowMs: Date.now() };
    const { event, of } = request.query;
    if (event !== undefined)
      return { properties: await ask<CataloguePropertyRow>(eventPropertiesQuery({ ...scope, name: event })) };
    if (of === 'users') return { properties: await ask<CataloguePropertyRow>(userPropertiesQuery(scope)) };
    return { events: await ask<CatalogueEventRow>(catalogueEventsQuery(scope)) };
  });
}
