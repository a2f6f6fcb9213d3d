import { html, type TemplateResult } from 'lit';
import { ask } from '../api.ts';
import { download } from '../csv.ts';
import type { Written } from '../question-url.ts';

export type Answered<A> = {
  readonly question: Written;
  readonly answer: A;
  /** The answer as one table. */
  readonly table: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
  };
  /** Of the queries behind it. */
  readonly sql: string;
  readonly queryMs: number;
  /** What can be asked and is likely not meant. */
  readonly warnings: readonly string[];
};

/** A question on its way, and what came of the last one. One at a time: asking again drops the one before. */
export type Asking<A> = {
  readonly isUnderWay: boolean;
  readonly answered: Answered<A> | undefined;
  readonly failure: unknown;
  run(question: Written): Promise<void>;
  cancel(): void;
};

export function createAsking<A>(changed: () => void): Asking<A> {
  let running: AbortController | undefined;
  let answered: Answered<A> | undefined;
  let failure: unknown;
  return {
    get isUnderWay() {
      return running !== undefined;
    },
    get answered() {
      return answered;
    },
    get failure() {
      return failure;
    },
    async run(question) {
      running?.abort();
      const own = new AbortController();
      running = own;
      failure = undefined;
      changed();
      try {
        const answer = await ask<Omit<Answered<A>, 'question'>>(
          'questions',
          {},
          { body: question, signal: own.signal },
        );
        if (running === own) answered = { ...answer, question };
      } catch (error) {
        if (running === own && (error as Error).name !== 'AbortError') {
          failure = error;
          answered = undefined;
        }
      }
      if (running === own) running = undefined;
      changed();
    },
    cancel() {
      running?.abort();
      running = undefined;
      changed();
    },
  };
}

/** The buttons below a builder. */
export function askButtons<A>(asking: Asking<A>, question: () => Written): TemplateResult {
  return html`<div class="buttons">
    <button type="submit" aria-disabled=${asking.isUnderWay}>${asking.isUnderWay ? html`<span class="spinner" aria-hidden="true"></span>Asking …` : 'Ask'}</button>
    ${asking.isUnderWay ? html`<button type="button" class="secondary" @click=${() => asking.cancel()}>Stop</button>` : ''}
    <button type="button" class="plain" @click=${() => download('question.json', `${JSON.stringify(question(), null, 2)}\n`)}>Save as a file</button>
  </div>`;
}
