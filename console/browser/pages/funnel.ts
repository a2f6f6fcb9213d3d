import { html, type nothing, type TemplateResult } from 'lit';
import { askButtons, createAsking } from '../parts/asking.ts';
import {
  type EditedEvent,
  editedEvent,
  eventEditor,
  FIELD_NAMES,
  focusSoon,
  writtenEvent,
} from '../parts/event-editor.ts';
import { type FunnelAnswer, funnelAnswer } from '../parts/funnel-answer.ts';
import { eventNames, suggestions } from '../parts/names.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import { keepInUrl, questionOfUrl, type Written } from '../question-url.ts';
import { empty, loading, problem, show } from '../view.ts';

const MOST_STEPS = 32;

let steps: EditedEvent[] = [];
let range = { from: '-30d', to: '' };
let within = '';
let names: readonly string[] = [];

function read(written: Written | undefined): void {
  const given = Array.isArray(written?.['steps']) ? written['steps'] : [];
  steps = given.map(editedEvent);
  while (steps.length < 2) steps.push({ name: '', where: [] });
  range = written === undefined ? { from: '-30d', to: '' } : readWrittenRange(written);
  within = typeof written?.['within'] === 'string' ? written['within'] : '';
}

function written(): Written {
  return {
    ask: 'funnel',
    steps: steps.map(writtenEvent),
    ...(within === '' ? {} : { within }),
    ...writtenRange(range),
  };
}

function view(): TemplateResult {
  return html`<form class="builder" aria-label="Funnel" @submit=${submit}>
      <ol class="steps">${steps.map(step)}</ol>
      <button type="button" class="plain add" ?disabled=${steps.length >= MOST_STEPS} @click=${add}>+ step</button>
      <div class="filters">
        ${rangeEditor(range, update)}
        <label>Within
          <input .value=${within} placeholder="7d" pattern="(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+" title="A duration such as 30m, 12h or 7d; empty = the whole range" size="6" autocomplete="off"
            @input=${(event: Event) => {
              within = (event.target as HTMLInputElement).value.trim();
            }} />
        </label>
      </div>
      ${askButtons(asking, written)}
    </form>
    ${suggestions('event-names', names)} ${suggestions('field-names', FIELD_NAMES)}
    <section aria-label="Answer" aria-live="polite" aria-busy=${asking.isUnderWay}>${answer()}</section>`;
}

function step(event: EditedEvent, index: number): TemplateResult {
  const number = index + 1;
  return html`<li><fieldset>
    <legend class="visually-hidden">Step ${number}</legend>
    ${eventEditor(event, { id: `step-${number}`, label: `Step ${number}`, isRequired: true, changed: update })}
    <div class="moves">
      <button type="button" class="plain" aria-label="Move step ${number} up" ?disabled=${index === 0} @click=${() => move(index, -1)}>↑</button>
      <button type="button" class="plain" aria-label="Move step ${number} down" ?disabled=${number === steps.length} @click=${() => move(index, 1)}>↓</button>
      <button type="button" class="plain" aria-label="Remove step ${number}" ?disabled=${steps.length === 1} @click=${() => remove(index)}>✕</button>
    </div>
  </fieldset></li>`;
}

function add(): void {
  steps.push({ name: '', where: [] });
  update();
  focusSoon(`step-${steps.length}`);
}

function remove(index: number): void {
  steps.splice(index, 1);
  update();
  focusSoon(`step-${Math.max(1, index)}`);
}

function move(index: number, by: number): void {
  const [moved] = steps.splice(index, 1);
  if (moved !== undefined) steps.splice(index + by, 0, moved);
  update();
  focusSoon(`step-${index + by + 1}`);
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
  if (asking.answered !== undefined) return funnelAnswer(asking.answered);
  return empty(
    'Which way do people go?',
    'Name two events or more in the order in which they should happen, and ask. Your names are suggested as you type.',
  );
}

const update = () => draw?.();
let draw: (() => void) | undefined;
const asking = createAsking<FunnelAnswer>(update);

function start(): void {
  const question = questionOfUrl(location.search);
  read(question);
  update();
  if (question !== undefined) asking.run(question);
}

read(undefined);
draw = show(view);
addEventListener('popstate', start);
start();
names = await eventNames();
update();
