import { html, nothing, type TemplateResult } from 'lit';
import { propertyNames, suggestions } from './names.ts';

/** An event as a builder holds it; an empty name is any event. */
export type EditedEvent = { name: string; where: EditedCondition[] };

export type EditedCondition = { of: string; property: string; is: string; value: string };

/** What a condition may say of a property, and how people read it. */
const OPERATORS = [
  ['one of', 'is'],
  ['none of', 'is not'],
  ['containing', 'contains'],
  ['starting with', 'starts with'],
  ['ending with', 'ends with'],
  ['matching', 'matches'],
  ['less than', '<'],
  ['at most', '≤'],
  ['more than', '>'],
  ['at least', '≥'],
  ['known', 'is known'],
  ['unknown', 'is unknown'],
] as const;

const SCOPES = ['event', 'field', 'session', 'user', 'account'];
const NUMERIC = ['less than', 'at most', 'more than', 'at least'];

/** Fields captured with every event that are worth asking for. */
export const FIELD_NAMES = [
  'path',
  'domain',
  'title',
  'referrer',
  'browser',
  'platform',
  'device_type',
  'source',
  'country',
  'region',
  'city',
  'target_text',
  'href',
];

/** Reads an event of a written question; what it cannot edit it takes for any event. */
export function editedEvent(written: unknown): EditedEvent {
  if (typeof written === 'string') return { name: written === '*' ? '' : written, where: [] };
  const { event, where } = (written ?? {}) as { event?: unknown; where?: unknown };
  return {
    name: typeof event === 'string' ? event : '',
    where: (Array.isArray(where) ? where : []).flatMap(editedCondition),
  };
}

function editedCondition(written: unknown): EditedCondition[] {
  const { property, is, value, values } = (written ?? {}) as Record<string, unknown>;
  const { of, name } = (property ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof is !== 'string') return [];
  const text = Array.isArray(values) ? values.join(', ') : value === undefined ? '' : String(value);
  return [{ of: String(of ?? 'event'), property: name, is, value: text }];
}

/** The event as questions are written. */
export function writtenEvent({ name, where }: EditedEvent): unknown {
  const conditions = where.filter(({ property }) => property !== '').map(writtenCondition);
  if (conditions.length === 0 && name === '') return '*';
  return {
    ...(name === '' ? {} : { event: name }),
    ...(conditions.length === 0 ? {} : { where: conditions }),
  };
}

function writtenCondition({ of, property, is, value }: EditedCondition): unknown {
  const base = { property: { of, name: property }, is };
  if (is === 'known' || is === 'unknown') return base;
  if (is === 'one of' || is === 'none of')
    return { ...base, values: value.split(',').map((one) => one.trim()) };
  return { ...base, value: NUMERIC.includes(is) ? Number(value) : value };
}

const names = new Map<string, readonly string[]>();

/** Fields to say which event is meant. */
export function eventEditor(
  event: EditedEvent,
  options: {
    readonly id: string;
    readonly label: string;
    readonly isRequired: boolean;
    readonly changed: () => void;
  },
): TemplateResult {
  const { id, label, isRequired, changed } = options;
  const known = names.get(event.name);
  const look = async () => {
    if (event.name === '' || names.has(event.name)) return;
    names.set(event.name, await propertyNames(event.name));
    changed();
  };
  return html`<div class="event">
      <label>${label}
        <input id=${id} .value=${event.name} list="event-names" ?required=${isRequired} placeholder=${isRequired ? 'name of an event' : 'any event'} autocomplete="off" spellcheck="false"
          @input=${(input: Event) => {
            event.name = (input.target as HTMLInputElement).value;
            changed();
          }} />
      </label>
      <button type="button" class="plain" @click=${() => {
        event.where.push({ of: 'event', property: '', is: 'one of', value: '' });
        look();
        changed();
        focusSoon(`${id}-where-${event.where.length - 1}`);
      }}>+ condition</button>
    </div>
    ${event.where.map((condition, index) => conditionEditor(condition, event, index, id, changed))}
    ${event.where.length > 0 ? suggestions(`${id}-properties`, known ?? []) : nothing}`;
}

function conditionEditor(
  condition: EditedCondition,
  event: EditedEvent,
  index: number,
  id: string,
  changed: () => void,
): TemplateResult {
  const set = (key: keyof EditedCondition) => (input: Event) => {
    condition[key] = (input.target as HTMLInputElement).value;
    changed();
  };
  const takesValue = condition.is !== 'known' && condition.is !== 'unknown';
  const place = `condition ${index + 1}`;
  const list =
    condition.of === 'event' ? `${id}-properties` : condition.of === 'field' ? 'field-names' : nothing;
  return html`<div class="condition">
    <select aria-label="Of what, ${place}" @change=${set('of')}>${SCOPES.map((of) => html`<option ?selected=${of === condition.of}>${of}</option>`)}</select>
    <input id="${id}-where-${index}" aria-label="Property, ${place}" .value=${condition.property} list=${list} placeholder="property" required autocomplete="off" spellcheck="false" @input=${set('property')} />
    <select aria-label="Comparison, ${place}" @change=${set('is')}>${OPERATORS.map(([is, text]) => html`<option value=${is} ?selected=${is === condition.is}>${text}</option>`)}</select>
    ${
      takesValue
        ? html`<input aria-label="Value, ${place}" .value=${condition.value} placeholder=${NUMERIC.includes(condition.is) ? 'number' : /of$/.test(condition.is) ? 'value, or several' : 'text'} inputmode=${NUMERIC.includes(condition.is) ? 'decimal' : 'text'} autocomplete="off" spellcheck="false" @input=${set('value')} />`
        : nothing
    }
    <button type="button" class="plain" aria-label="Remove ${place}" @click=${() => {
      event.where.splice(index, 1);
      changed();
      focusSoon(id);
    }}>✕</button>
  </div>`;
}

/** Puts the focus on an element that the next drawing makes. */
export function focusSoon(id: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()));
}
