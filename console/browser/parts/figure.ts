import { html, type TemplateResult } from 'lit';

/** A number that a page begins with, and what it counts. */
export function figure(
  value: string,
  label: string,
  mood: '' | 'good' | 'warn' | 'bad' = '',
): TemplateResult {
  return html`<div class="card ${mood}"><strong>${value}</strong><span class="quiet">${label}</span></div>`;
}
