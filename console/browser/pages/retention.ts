import { html, type nothing, type TemplateResult } from 'lit';
import { askButtons, createAsking } from '../parts/asking.ts';
import { editedEvent, eventEditor, FIELD_NAMES, writtenEvent } from '../parts/event-editor.ts';
import { eventNames, suggestions } from '../parts/names.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import { type RetentionAnswer, retentionAnswer } from '../parts/retention-answer.ts';
import { keepInUrl, questionOfUrl, type Written } from '../question-url.ts';
import { empty, loading, problem, show } from '../view.ts';

const EVERY = ['day', 'week', 'month'];

let start = editedEvent('*');
let back = editedEvent('*');
let range = { from: '-30d', to: '' };
let every = 'day';
let periods = 7;
let names: readonly string[] = [];

function read(written: Written | undefined): void {
  start = editedEvent(written?.['start'] ?? '*');
  back = editedEvent(written?.['return'] ?? '*');
  range = written === undefined ? { from: '-30d', to: '' } : readWrittenRange(written);
  every = EVERY.find((one) => one === written?.['every']) ?? 'day';
  periods = Number(written?.['periods'] ?? 7) || 7;
}

function written(): Written {
  return {
    ask: 'retention',
    start: writtenEvent(start),
    return: writtenEvent(back),
    every,
    periods,
    ...writtenRange(range),
  };
}

function view(): TemplateResult {
  return html`<form class="builder" aria-label="Retention" @submit=${submit}>
      <fieldset><legend class="visually-hidden">Event that people start with</legend>${eventEditor(start, { id: 'start', label: 'They start with', isRequired: false, changed: update })}</fieldset>
      <fieldset><legend class="visually-hidden">Event that counts as coming back</legend>${eventEditor(back, { id: 'back', label: 'and come back with', isRequired: false, changed: update })}</fieldset>
      <div class="filters">
        ${rangeEditor(range, update)}
        <label>By
          <select @change=${(event: Event) => {
            every = (event.target as HTMLSelectElement).value;
          }}>${EVERY.map((one) => html`<option ?selected=${one === every}>${one}</option>`)}</select>
        </label>
        <label>Periods
          <input type="number" min="1" max="60" required .value=${String(periods)} @input=${(
            event: Event,
          ) => {
            periods = (event.target as HTMLInputElement).valueAsNumber;
          }} />
        </label>
      </div>
      ${askButtons(asking, written)}
    </form>
    ${suggestions('event-names', names)} ${suggestions('field-names', FIELD_NAMES)}
    <section aria-label="Answer" aria-live="polite" aria-busy=${asking.isUnderWay}>${answer()}</section>`;
}

function submit(event: Event): void {
  event.preventDefault();
  const question = written();
  keepInUrl(question);
  asking.run(question);
}

function answer(): TemplateResult | typeof nothing {
  if (asking.isUnderWay && asking.answered === undefined) return loading('Asking');
  if (asking.failure !== undefined) return problem(asking.failure);
  if (asking.answered !== undefined) return retentionAnswer(asking.answered);
  return empty(
    'Who comes back?',
    'Say what people start with and what counts as coming back. Left empty, any event does.',
  );
}

const update = () => draw?.();
let draw: (() => void) | undefined;
const asking = createAsking<RetentionAnswer>(update);

function open(): void {
  const question = questionOfUrl(location.search);
  read(question);
  update();
  if (question !== undefined) asking.run(question);
}

read(undefined);
draw = show(view);
addEventListener('popstate', open);
open();
names = await eventNames();
update();
