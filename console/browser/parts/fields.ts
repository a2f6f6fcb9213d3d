import { html, nothing, type TemplateResult } from 'lit';

/** A choice of some values, each with what people read. */
export function choice(
  label: string,
  value: string,
  options: readonly (readonly [value: string, text: string])[],
  changed: (value: string) => void,
): TemplateResult {
  return html`<label>${label}
    <select @change=${(event: Event) => changed((event.target as HTMLSelectElement).value)}>
      ${options.map(([one, text]) => html`<option value=${one} ?selected=${one === value}>${text}</option>`)}
    </select>
  </label>`;
}

export function check(label: string, value: boolean, changed: (value: boolean) => void): TemplateResult {
  return html`<label class="check"><input type="checkbox" .checked=${value} @change=${(event: Event) => changed((event.target as HTMLInputElement).checked)} /> ${label}</label>`;
}

export function wholeNumber(
  label: string,
  value: number,
  least: number,
  most: number,
  changed: (value: number) => void,
): TemplateResult {
  return html`<label>${label}
    <input type="number" min=${least} max=${most} required .value=${String(value)} @input=${(event: Event) => changed((event.target as HTMLInputElement).valueAsNumber)} />
  </label>`;
}

/** A duration such as 7d; empty = without one. */
export function durationField(
  label: string,
  value: string,
  placeholder: string,
  changed: (value: string) => void,
): TemplateResult {
  return html`<label>${label}
    <input .value=${value} placeholder=${placeholder} pattern="(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+" title="A duration such as 30m, 12h or 7d" size="6" autocomplete="off"
      @input=${(event: Event) => changed((event.target as HTMLInputElement).value.trim())} />
  </label>`;
}

/** A property as a builder holds it; an empty name is none. */
export type EditedProperty = { of: string; name: string };

export function editedProperty(written: unknown): EditedProperty {
  if (typeof written === 'string') {
    const [, of = 'event', name = ''] = /^(?:(field|session|user|account)\.)?(.*)$/s.exec(written) ?? [];
    return { of, name };
  }
  const { of, name } = (written ?? {}) as Record<string, unknown>;
  return { of: typeof of === 'string' ? of : 'event', name: typeof name === 'string' ? name : '' };
}

const SCOPES = ['event', 'field', 'session', 'user', 'account'];

export function propertyField(
  label: string,
  property: EditedProperty,
  list: string,
  changed: () => void,
): TemplateResult {
  return html`<div class="property">
    <label>${label}
      <select @change=${(event: Event) => {
        property.of = (event.target as HTMLSelectElement).value;
        changed();
      }}>${SCOPES.map((of) => html`<option ?selected=${of === property.of}>${of}</option>`)}</select>
    </label>
    <input aria-label="${label}, property" .value=${property.name} placeholder="none" list=${property.of === 'event' ? list : property.of === 'field' ? 'field-names' : nothing} autocomplete="off" spellcheck="false"
      @input=${(event: Event) => {
        property.name = (event.target as HTMLInputElement).value.trim();
        changed();
      }} />
  </div>`;
}
