import { html, nothing, type TemplateResult } from 'lit';
import { propertyNames, suggestions } from './names.ts';

/** An event as a builder holds it; an empty name is any event, one that begins with `@` a definition. */
export type EditedEvent = {
  name: string;
  where: EditedCondition[];
  /** As it was written, where these fields cannot say it: kept as it is. */
  kept?: unknown;
};

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

/** Reads an event of a written question. `own` are keys that the caller reads. */
export function editedEvent(written: unknown, own: readonly string[] = []): EditedEvent {
  if (typeof written === 'string') return { name: written === '*' ? '' : written, where: [] };
  const { event = '', definition, where = [], ...others } = (written ?? {}) as Record<string, unknown>;
  const name = typeof definition === 'string' ? `@${definition}` : event;
  const conditions = Array.isArray(where) ? where.map(editedCondition) : [undefined];
  const known = conditions.filter((condition) => condition !== undefined);
  const isPlain =
    typeof name === 'string' &&
    !(typeof event === 'string' && event.startsWith('@')) &&
    known.length === conditions.length &&
    Object.keys(others).every((key) => own.includes(key));
  if (isPlain) return { name, where: known };
  const kept = Object.fromEntries(
    Object.entries((written ?? {}) as object).filter(([key]) => !own.includes(key)),
  );
  return { name: '', where: [], kept };
}

/** undefined where the condition is written in another way. */
function editedCondition(written: unknown): EditedCondition | undefined {
  const { property, is, value, values } = (typeof written === 'object' ? (written ?? {}) : {}) as Record<
    string,
    unknown
  >;
  const { of, name } = (property ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof is !== 'string') return undefined;
  const text = Array.isArray(values) ? values.join(', ') : value === undefined ? '' : String(value);
  return { of: String(of ?? 'event'), property: name, is, value: text };
}

/** The event as questions are written. */
export function writtenEvent({ name, where, kept }: EditedEvent): unknown {
  if (kept !== undefined) return kept;
  const conditions = where.filter(({ property }) => property !== '').map(writtenCondition);
  if (conditions.length === 0) return name === '' ? '*' : name.startsWith('@') ? name : { event: name };
  return {
    ...(name === '' ? {} : name.startsWith('@') ? { definition: name.slice(1) } : { event: name }),
    where: conditions,
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

/** Names of an event's properties as far as they are known; asks for them, and calls `changed` when they are. */
export function namesAsked(event: string, changed: () => void): readonly string[] {
  const known = names.get(event);
  if (known !== undefined || event === '') return known ?? [];
  clearTimeout(typing);
  typing = setTimeout(async () => {
    names.set(event, await propertyNames(event));
    changed();
  }, 400);
  return [];
}

let typing: ReturnType<typeof setTimeout> | undefined;

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
  if (event.kept !== undefined)
    return html`<p class="kept">${label} <code>${JSON.stringify(event.kept)}</code>
      <button type="button" class="plain" @click=${() => {
        delete event.kept;
        changed();
        focusSoon(id);
      }}>Replace</button></p>`;
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
        changed();
        focusSoon(`${id}-where-${event.where.length - 1}`);
      }}>+ condition</button>
    </div>
    ${event.where.map((condition, index) => conditionEditor(condition, event, index, id, changed))}
    ${event.where.length > 0 ? suggestions(`${id}-properties`, namesAsked(event.name, changed)) : nothing}`;
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
