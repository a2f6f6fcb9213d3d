import { html, nothing, type TemplateResult } from 'lit';

/** Times of a question as it is written: `2026-03-01`, `-30d`; empty = without a bound. */
export type WrittenRange = { from: string; to: string };

const PRESETS = [
  ['-1d', 'last 24 hours'],
  ['-7d', 'last 7 days'],
  ['-30d', 'last 30 days'],
  ['-90d', 'last 90 days'],
  ['', 'everything'],
] as const;

export function readWrittenRange(written: Readonly<Record<string, unknown>>): WrittenRange {
  const text = (key: string) => (typeof written[key] === 'string' ? written[key] : '');
  return { from: text('from'), to: text('to') };
}

export function writtenRange({ from, to }: WrittenRange): Readonly<Record<string, string>> {
  return { ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
}

/** From when to when, in UTC. */
export function rangeEditor(range: WrittenRange, changed: () => void): TemplateResult {
  const isPreset = range.to === '' && PRESETS.some(([from]) => from === range.from);
  const choose = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    if (value === 'own') {
      const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
      range.from = day(Date.now() - 7 * 86_400_000);
      range.to = day(Date.now() + 86_400_000);
    } else {
      range.from = value;
      range.to = '';
    }
    changed();
  };
  const day = (key: 'from' | 'to', label: string) =>
    html`<label>${label} <input type="date" .value=${range[key].slice(0, 10)} @change=${(event: Event) => {
      range[key] = (event.target as HTMLInputElement).value;
      changed();
    }} /></label>`;
  return html`<label>Time
      <select @change=${choose}>
        ${PRESETS.map(([from, label]) => html`<option value=${from} ?selected=${isPreset && from === range.from}>${label}</option>`)}
        <option value="own" ?selected=${!isPreset}>days (UTC)</option>
      </select>
    </label>
    ${isPreset ? nothing : html`${day('from', 'From')} ${day('to', 'Before')}`}`;
}
