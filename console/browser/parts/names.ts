import { html, type TemplateResult } from 'lit';
import type { DefinitionRow } from '../../server/definitions-route.ts';
import { ask } from '../api.ts';

type CatalogueEvent = { readonly name: string; readonly events: number };

/** Names of the environment's events, the most frequent first, then those of definitions; empty where they cannot be had. */
export async function eventNames(): Promise<readonly string[]> {
  const [events, definitions] = await Promise.all([
    ask<{ events: readonly CatalogueEvent[] }>('catalogue')
      .then((answer) => answer.events)
      .catch(() => []),
    ask<{ definitions: readonly DefinitionRow[] }>('definitions')
      .then((answer) => answer.definitions)
      .catch(() => []),
  ]);
  return [...events.map(({ name }) => name), ...definitions.map(({ name }) => `@${name}`)];
}

const known = new Map<string, Promise<readonly string[]>>();

/** Names of the properties that an event was sent with, the most frequent first. */
export function propertyNames(event: string): Promise<readonly string[]> {
  const found = known.get(event);
  if (found !== undefined) return found;
  const names = ask<{ properties: readonly { readonly name: string }[] }>('catalogue', { event })
    .then(({ properties }) => properties.map(({ name }) => name))
    .catch(() => []);
  known.set(event, names);
  return names;
}

/** Suggestions for an input with this `list`. */
export function suggestions(id: string, names: readonly string[]): TemplateResult {
  return html`<datalist id=${id}>${names.map((name) => html`<option value=${name}></option>`)}</datalist>`;
}
