import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { LiveRecord } from '../../core/live-filter.ts';
import { apiUrl, logIn } from '../api.ts';
import { clockText, thousands, valueText } from '../format.ts';
import { eventNames, suggestions } from '../parts/names.ts';
import { recordDetails, userLink } from '../parts/record-details.ts';
import { empty, loading, show } from '../view.ts';

/** Records on the page; older ones make room. */
const SHOWN = 300;
/** Records kept while the page is paused. */
const MOST_HELD = 2000;
const TYPING_MS = 250;

const filter = readFilter();
let records: LiveRecord[] = [];
let held: LiveRecord[] = [];
let isPaused = false;
let state: 'connecting' | 'open' | 'lost' = 'connecting';
let trouble = '';
let seen = 0;
let dropped = 0;
let names: readonly string[] = [];
let source: EventSource | undefined;
const expanded = new Set<string>();
const known = new Set<string>();

type Filter = { name: string; user: string; text: string; show: string };

function readFilter(): Filter {
  const params = new URLSearchParams(location.search);
  const term = (name: string) => params.get(name) ?? '';
  return { name: term('name'), user: term('user'), text: term('text'), show: term('show') || 'all' };
}

function connect(): void {
  source?.close();
  records = [];
  held = [];
  known.clear();
  state = 'connecting';
  const opened = new EventSource(apiUrl('live', filter));
  source = opened;
  opened.addEventListener('open', () => {
    state = 'open';
    update();
  });
  opened.addEventListener('records', (event) => take(JSON.parse(event.data)));
  opened.addEventListener('dropped', (event) => {
    dropped += JSON.parse(event.data);
    update();
  });
  opened.addEventListener('trouble', (event) => {
    trouble = JSON.parse(event.data);
    update();
  });
  opened.addEventListener('error', async () => {
    state = 'lost';
    update();
    if (opened.readyState !== EventSource.CLOSED) return;
    const { isOpen } = await fetch('/api/session').then((response) => response.json());
    if (isOpen === false) logIn();
    else setTimeout(connect, 2000);
  });
}

/** After a lost connection the latest come again: each is shown once. */
function take(batch: readonly LiveRecord[]): void {
  const fresh = batch.filter(({ id }) => !known.has(id));
  for (const { id } of fresh) known.add(id);
  seen += fresh.length;
  if (isPaused) {
    held = [...held, ...fresh];
    dropped += Math.max(0, held.length - MOST_HELD);
    held = held.slice(-MOST_HELD);
  } else prepend(fresh);
  update();
}

function prepend(fresh: readonly LiveRecord[]): void {
  // Partitions come one after another; together they are shown by time.
  records = [...fresh, ...records].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.offset - a.offset));
  for (const { id } of records.slice(SHOWN)) {
    known.delete(id);
    expanded.delete(id);
  }
  records = records.slice(0, SHOWN);
}

function pause(): void {
  isPaused = !isPaused;
  if (!isPaused) {
    prepend(held);
    held = [];
  }
  update();
}

let typing: ReturnType<typeof setTimeout> | undefined;

function refine(field: keyof Filter, value: string): void {
  filter[field] = value;
  clearTimeout(typing);
  typing = setTimeout(() => {
    const url = new URL(location.href);
    for (const [name, term] of Object.entries(filter)) {
      if (term === '' || (name === 'show' && term === 'all')) url.searchParams.delete(name);
      else url.searchParams.set(name, term);
    }
    history.replaceState(null, '', url);
    connect();
    update();
  }, TYPING_MS);
}

function toggle(id: string): void {
  if (!expanded.delete(id)) expanded.add(id);
  update();
}

function view(): TemplateResult {
  return html`<search><form class="filters" aria-label="Filter events" @submit=${(event: Event) => event.preventDefault()}>
      ${field('name', 'Event', 'part of its name', 'event-names')} ${field('user', 'User', 'identity, or a whole id')}
      ${field('text', 'Anything', 'in any field or property')}
      <label>Show
        <select @change=${(event: Event) => refine('show', (event.target as HTMLSelectElement).value)}>
          ${[
            ['all', 'everything'],
            ['taken', 'what was taken'],
            ['rejected', 'what was rejected'],
          ].map(
            ([value, label]) =>
              html`<option value=${value as string} ?selected=${filter.show === value}>${label}</option>`,
          )}
        </select>
      </label>
      <button type="button" class=${isPaused ? 'paused' : 'secondary'} aria-pressed=${isPaused} @click=${pause}>
        ${isPaused ? `Go on${held.length > 0 ? ` (${held.length} new)` : ''}` : 'Pause'}
      </button>
    </form></search>
    ${suggestions('event-names', names)}
    <p class="counts" role="status">
      <span class="dot ${trouble === '' ? state : 'lost'}" aria-hidden="true"></span>${stateText()}
      <span class="quiet">${thousands(seen)} seen</span>
      ${dropped > 0 ? html`<span class="warn">${thousands(dropped)} dropped: they came faster than this page takes them; narrow the filter</span>` : nothing}
    </p>
    ${records.length === 0 ? nothingYet() : table()}`;
}

function field(
  name: 'name' | 'user' | 'text',
  label: string,
  placeholder: string,
  list?: string,
): TemplateResult {
  return html`<label>${label}
    <input type="search" .value=${filter[name]} placeholder=${placeholder} list=${list ?? nothing} autocomplete="off" spellcheck="false"
      @input=${(event: Event) => refine(name, (event.target as HTMLInputElement).value)} />
  </label>`;
}

function stateText(): string {
  if (trouble !== '') return trouble;
  if (state === 'lost') return 'The connection is lost; trying again';
  if (state === 'connecting') return 'Connecting';
  return isPaused ? 'Paused' : 'Listening';
}

function nothingYet(): TemplateResult {
  if (state !== 'open') return loading('Connecting');
  const isFiltered = filter.name + filter.user + filter.text !== '' || filter.show !== 'all';
  if (isFiltered)
    return empty(
      'Nothing like that so far',
      'It will show up here as it arrives. A wider filter shows more.',
    );
  return empty(
    'Waiting for the first event',
    html`Send one: <code>curl -s http://localhost:8080/api/track -H 'content-type: application/json' -d
      '{"app_id":"11","user_id":"123","event":"Signup"}'</code>`,
  );
}

function table(): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Events, the latest first">
    <table class="dense live">
      <thead><tr><th scope="col">Received</th><th scope="col">What</th><th scope="col">Source</th><th scope="col">User</th><th scope="col">Properties</th><th scope="col" class="number">In the log</th></tr></thead>
      ${repeat(records, ({ id }) => id, row)}
    </table>
  </div>`;
}

function row(record: LiveRecord): TemplateResult {
  const { id, at, kind, name, source, identity, deviceId, fields, rejected, partition, offset } = record;
  const isOpen = expanded.has(id);
  return html`<tbody class=${rejected === undefined ? '' : 'rejected'}>
    <tr>
      <td class="time"><button type="button" class="expand" aria-expanded=${isOpen} aria-label="All of ${name || kind || 'this record'}" @click=${() => toggle(id)}>${isOpen ? '▾' : '▸'}</button><time datetime=${at}>${clockText(at)}</time></td>
      <td class="what">${name === '' ? nothing : html`<strong>${name}</strong>`} ${kind === 'event' ? nothing : html`<span class="tag">${kind || 'not readable'}</span>`}
        ${rejected === undefined ? nothing : html`<span class="tag bad">rejected: ${rejected.code}</span>`}</td>
      <td class="quiet">${source}</td>
      <td class="user">${userLink(deviceId, identity)}</td>
      <td class="preview">${rejected === undefined ? preview(fields) : rejected.message}</td>
      <td class="number quiet">${partition}/${offset}</td>
    </tr>
    ${isOpen ? html`<tr class="more"><td colspan="6">${recordDetails(record)}</td></tr>` : nothing}
  </tbody>`;
}

function preview({ properties, path }: LiveRecord['fields']): TemplateResult {
  const pairs = Object.entries((properties ?? {}) as Record<string, unknown>).slice(0, 6);
  return html`${path ? html`<span class="pair">${path}</span>` : nothing}${pairs.map(
    ([name, value]) => html`<span class="pair"><span class="quiet">${name}</span> ${valueText(value)}</span>`,
  )}`;
}

const update = show(view);
connect();
names = await eventNames();
update();
