import { html, render, type TemplateResult } from 'lit';
import './frame.ts';

/** Shows what `view` says in the page's place. Returns what is to be called when something has changed. */
export function show(view: () => TemplateResult): () => void {
  const root = document.getElementById('page') as HTMLElement;
  root.replaceChildren();
  let isQueued = false;
  const draw = () => {
    isQueued = false;
    render(view(), root);
  };
  draw();
  return () => {
    if (isQueued) return;
    isQueued = true;
    requestAnimationFrame(draw);
  };
}

/** What is under way, for eyes and screen readers alike. */
export function loading(what: string): TemplateResult {
  return html`<p class="state" role="status"><span class="spinner" aria-hidden="true"></span>${what} …</p>`;
}

export function problem(error: unknown): TemplateResult {
  return html`<p class="state problem" role="alert">${(error as Error).message}</p>`;
}

/** Nothing to show, and what to do about it. */
export function empty(title: string, advice: unknown): TemplateResult {
  return html`<div class="state empty" role="status"><strong>${title}</strong><p>${advice}</p></div>`;
}
