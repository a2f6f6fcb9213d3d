import { html, nothing, type TemplateResult } from 'lit';
import { csvText, download } from '../csv.ts';
import { keepInUrl, questionOfUrl, type Written } from '../question-url.ts';
import { empty, loading, problem, show } from '../view.ts';
import { type Answered, askButtons, createAsking } from './asking.ts';
import { FIELD_NAMES } from './event-editor.ts';
import { eventNames, suggestions } from './names.ts';
import { computed } from './sql.ts';

/** What one kind of question needs to be asked in clicks. */
export type Builder<A> = {
  readonly ask: string;
  readonly title: string;
  /** Takes over a written question, or begins a new one. */
  read(written: Written): void;
  /** What the fields say now. Keys that no field edits are carried along by the builder. */
  written(): Written;
  /** The fields. `changed` draws them anew. */
  fields(changed: () => void): TemplateResult;
  answer(answered: Answered<A>): TemplateResult;
  readonly intro: { readonly title: string; readonly advice: string };
  /** Keys that the fields edit. */
  readonly keys: readonly string[];
};

/** Shows a builder: fields, answer, and the question in the page's address, so that it can be shared and gone back to. */
export async function openBuilder<A>(builder: Builder<A>): Promise<void> {
  let names: readonly string[] = [];
  let carried: Written = {};
  let draw: (() => void) | undefined;
  const update = () => draw?.();
  const asking = createAsking<A>(update);
  const question = (): Written => ({ ...carried, ask: builder.ask, ...builder.written() });

  function begin(): void {
    const given = questionOfUrl(location.search);
    carried = Object.fromEntries(Object.entries(given ?? {}).filter(([key]) => !builder.keys.includes(key)));
    builder.read(given ?? { from: '-30d' });
    update();
    if (given !== undefined) asking.run(given);
  }

  function submit(event: Event): void {
    event.preventDefault();
    keepInUrl(question());
    asking.run(question());
  }

  begin();
  draw = show(
    () => html`<form class="builder" aria-label=${builder.title} @submit=${submit}>
        ${builder.fields(update)} ${among(carried)} ${askButtons(asking, question)}
      </form>
      ${suggestions('event-names', names)} ${suggestions('field-names', FIELD_NAMES)}
      <section class="answer" aria-label="Answer" aria-live="polite" aria-busy=${asking.isUnderWay}>${answer()}</section>`,
  );
  addEventListener('popstate', begin);
  names = await eventNames();
  update();

  function answer(): TemplateResult {
    const { answered, failure, isUnderWay } = asking;
    if (isUnderWay && answered === undefined) return loading('Asking');
    if (failure !== undefined) return problem(failure);
    if (answered === undefined) return empty(builder.intro.title, builder.intro.advice);
    const { warnings, table, sql, queryMs } = answered;
    return html`${warnings.map((warning) => html`<p class="warn">${warning}</p>`)} ${builder.answer(answered)}
      <div class="buttons"><button type="button" class="secondary" @click=${() => download(`${builder.ask}.csv`, csvText([table.columns, ...table.rows]))}>CSV</button></div>
      ${computed(sql, queryMs)}`;
  }
}

/** A question from a file may be about a cohort, which these fields do not edit. */
function among(carried: Written): TemplateResult | typeof nothing {
  return carried['among'] === undefined
    ? nothing
    : html`<p class="quiet">Only among some users: <code>${JSON.stringify(carried['among'])}</code></p>`;
}
