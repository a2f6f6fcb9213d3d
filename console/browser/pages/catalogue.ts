import { html, nothing, type TemplateResult } from 'lit';
import type { CatalogueEventRow, CataloguePropertyRow } from '#queries/catalogue.ts';
import type { DefinitionRow } from '../../server/definitions-route.ts';
import { ask, environment } from '../api.ts';
import { ago, percent, thousands } from '../format.ts';
import { sparkline } from '../parts/sparkline.ts';
import { empty, loading, problem, show } from '../view.ts';

type Properties = { readonly properties: readonly CataloguePropertyRow[] };

let events: readonly CatalogueEventRow[] | undefined;
let failure: unknown;
let definitions: readonly DefinitionRow[] = [];
let definitionsFailure: unknown;
let search = new URLSearchParams(location.search).get('search') ?? '';
/** Answers about the properties of events, by name; an Error where there is none. The empty name stands for users. */
const properties = new Map<string, readonly CataloguePropertyRow[] | Error>();
const open = new Set<string>();
const now = Date.now();

function view(): TemplateResult {
  if (events === undefined) return failure === undefined ? loading('Counting events') : problem(failure);
  if (events.length === 0)
    return empty(
      'No events in the last 30 days',
      html`Send some, and watch them arrive on the page <a href="/live">Live</a>.`,
    );
  const shown = events.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  return html`<search><form class="filters" aria-label="Search the catalogue" @submit=${(event: Event) => event.preventDefault()}>
      <label>Search <input type="search" .value=${search} placeholder="part of an event’s name" @input=${refine} /></label>
      <p class="quiet counts" role="status">${shown.length} of ${events.length} events, in 30 days</p>
    </form></search>
    <div class="scroll"><table class="dense catalogue">
      <thead><tr><th scope="col">Event</th><th scope="col">By day</th><th scope="col" class="number">Events</th><th scope="col" class="number">Users</th><th scope="col">Last seen</th><th scope="col">From</th><th scope="col">View</th></tr></thead>
      ${shown.map(row)}
    </table></div>
    ${definitionTable()}
    <section aria-labelledby="user-properties"><h2 id="user-properties">Properties of users</h2>${propertyTable('')}</section>`;
}

function definitionTable(): TemplateResult | typeof nothing {
  if (definitionsFailure !== undefined) return problem(definitionsFailure);
  if (definitions.length === 0) return nothing;
  return html`<section aria-labelledby="definitions"><h2 id="definitions">Definitions</h2>
    <div class="scroll"><table class="dense">
      <thead><tr><th scope="col">Name in questions</th><th scope="col">Kind</th><th scope="col">Category</th><th scope="col">Owner</th><th scope="col">What it stands for</th></tr></thead>
      <tbody>${definitions.map(
        ({ name, kind, category, owner, description, verified }) => html`<tr>
          <th scope="row">@${name}${verified ? html` <span class="tag good">verified</span>` : nothing}</th>
          <td class="quiet">${kind}</td><td>${category}</td><td>${owner}</td><td class="quiet">${description}</td></tr>`,
      )}</tbody>
    </table></div>
  </section>`;
}

function refine(event: Event): void {
  search = (event.target as HTMLInputElement).value;
  const url = new URL(location.href);
  if (search === '') url.searchParams.delete('search');
  else url.searchParams.set('search', search);
  history.replaceState(null, '', url);
  update();
}

function row({ name, view, sources, events, users, lastAtMs, byDay }: CatalogueEventRow): TemplateResult {
  const isOpen = open.has(name);
  return html`<tbody><tr>
      <th scope="row"><button type="button" class="expand" aria-expanded=${isOpen} aria-label="Properties of ${name}" @click=${() => toggle(name)}>${isOpen ? '▾' : '▸'}</button>${name}</th>
      <td>${sparkline(byDay)}</td><td class="number">${thousands(events)}</td><td class="number">${thousands(users)}</td>
      <td class="nowrap" title=${new Date(lastAtMs).toISOString()}>${ago(lastAtMs, now)}</td><td class="quiet">${sources.join(', ')}</td>
      <td class="quiet"><code>${environment()}.${view}</code></td>
    </tr>${isOpen ? html`<tr class="more"><td colspan="7">${propertyTable(name)}</td></tr>` : nothing}</tbody>`;
}

function toggle(name: string): void {
  if (!open.delete(name)) open.add(name);
  load(name);
  update();
}

async function load(name: string): Promise<void> {
  if (Array.isArray(properties.get(name))) return;
  try {
    const answer = await ask<Properties>('catalogue', name === '' ? { of: 'users' } : { event: name });
    properties.set(name, answer.properties);
  } catch (error) {
    properties.set(name, error as Error);
  }
  update();
}

function propertyTable(name: string): TemplateResult {
  const rows = properties.get(name);
  if (rows === undefined) return loading('Looking at properties');
  if (rows instanceof Error) return problem(rows);
  const [first] = rows;
  if (first === undefined)
    return html`<p class="quiet">${name === '' ? 'No user property was set in 30 days.' : 'It was sent without properties.'}</p>`;
  return html`<table class="dense inner">
    <caption class="quiet">Of the latest ${thousands(first.sample)} ${name === '' ? 'changes' : 'events'}</caption>
    <thead><tr><th scope="col">Property</th><th scope="col">Type</th><th scope="col" class="number">On</th><th scope="col" class="number">Values</th><th scope="col">Most frequent</th><th scope="col">By day</th><th scope="col">Last seen</th></tr></thead>
    <tbody>${rows.map(
      ({ name: property, types, events, sample, distinct, values, byDay, lastAtMs }) => html`<tr>
        <th scope="row">${property}</th>
        <td>${types.map((type) => html`<span class="tag ${types.length > 1 ? 'mixed' : ''}">${type}</span> `)}</td>
        <td class="number">${percent(events, sample)}</td><td class="number">${thousands(distinct)}</td>
        <td class="values">${values.map((value) => html`<span class="pair">${value === '' ? '(empty)' : value}</span>`)}</td>
        <td>${sparkline(byDay)}</td><td class="nowrap">${ago(lastAtMs, now)}</td>
      </tr>`,
    )}</tbody>
  </table>`;
}

const update = show(view);
try {
  events = (await ask<{ events: readonly CatalogueEventRow[] }>('catalogue')).events;
} catch (error) {
  failure = error;
}
update();
try {
  definitions = (await ask<{ definitions: readonly DefinitionRow[] }>('definitions')).definitions;
} catch (error) {
  definitionsFailure = error;
}
update();
await load('');
