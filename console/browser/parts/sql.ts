import { html, type TemplateResult } from 'lit';
import { duration } from '../format.ts';

/** How an answer came about: the query, to read or to paste into `cairn sql`. */
export function computed(sql: string, queryMs: number): TemplateResult {
  return html`<details class="computed">
    <summary>How this was computed <span class="quiet">asked in ${duration(queryMs)}</span></summary>
    <button type="button" class="plain copy" @click=${() => navigator.clipboard?.writeText(sql)}>Copy</button>
    <pre tabindex="0" aria-label="The query"><code>${sql}</code></pre>
  </details>`;
}
