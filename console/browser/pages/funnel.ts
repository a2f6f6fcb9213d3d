import { html, type TemplateResult } from 'lit';
import type { FunnelAnswer } from '#queries/answer/funnel-answer.ts';
import { openBuilder } from '../parts/builder.ts';
import {
  type EditedEvent,
  editedEvent,
  eventEditor,
  focusSoon,
  namesAsked,
  writtenEvent,
} from '../parts/event-editor.ts';
import {
  check,
  choice,
  durationField,
  type EditedProperty,
  editedProperty,
  propertyField,
} from '../parts/fields.ts';
import { funnelAnswer } from '../parts/funnel-answer.ts';
import { suggestions } from '../parts/names.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import type { Written } from '../question-url.ts';

const MOST_STEPS = 32;
const PERIODS = [
  ['', 'not by time'],
  ['hour', 'hour'],
  ['day', 'day'],
  ['week', 'week'],
  ['month', 'month'],
] as const;
const ORDERS = [
  ['later', 'in this order'],
  ['next', 'each directly after the other'],
  ['any', 'in any order'],
] as const;
const SUBJECTS = [
  ['user', 'users'],
  ['account', 'accounts'],
  ['session', 'sessions'],
] as const;

type Exclusion = { event: EditedEvent; after: number; before: number };

let steps: EditedEvent[] = [];
let exclusions: Exclusion[] = [];
let by: EditedProperty = { of: 'event', name: '' };
let byStep = 1;
let range = { from: '', to: '' };
let options = { within: '', order: 'later', subject: 'user', every: '', 'one session': false, times: false };

function read(written: Written): void {
  const list = (key: string): unknown[] => (Array.isArray(written[key]) ? written[key] : []);
  const text = (key: string, other: string) => (typeof written[key] === 'string' ? written[key] : other);
  steps = list('steps').map((one) => editedEvent(one));
  while (steps.length < 2) steps.push({ name: '', where: [] });
  exclusions = list('exclude').map((one) => {
    const { after, before } = one as { after?: number; before?: number };
    return {
      event: editedEvent(one, ['after', 'before']),
      after: after ?? 1,
      before: before ?? steps.length,
    };
  });
  const { property, step } = (written['by'] ?? {}) as { property?: unknown; step?: number };
  by = editedProperty(property ?? written['by']);
  byStep = step ?? 1;
  range = readWrittenRange(written);
  options = {
    within: text('within', ''),
    order: text('order', 'later'),
    subject: text('subject', 'user'),
    every: text('every', ''),
    'one session': written['one session'] === true,
    times: written['times'] === true,
  };
}

function written(): Written {
  return {
    steps: steps.map(writtenEvent),
    ...Object.fromEntries(
      Object.entries(options).filter(
        ([key, value]) => value !== '' && value !== false && value !== DEFAULTS[key],
      ),
    ),
    ...(exclusions.length === 0
      ? {}
      : {
          exclude: exclusions.map(({ event, after, before }) => ({
            ...asObject(writtenEvent(event)),
            after,
            before,
          })),
        }),
    ...(by.name === '' ? {} : { by: { property: by, step: Math.min(byStep, steps.length) } }),
    ...writtenRange(range),
  };
}

const DEFAULTS: Readonly<Record<string, unknown>> = { order: 'later', subject: 'user' };

const asObject = (event: unknown): object =>
  typeof event === 'object' && event !== null ? event : { event };

function fields(changed: () => void): TemplateResult {
  const set = (key: keyof typeof options) => (value: string | boolean) => {
    options = { ...options, [key]: value };
    changed();
  };
  const isSpecial =
    options.order !== 'later' ||
    options.subject !== 'user' ||
    options['one session'] ||
    exclusions.length > 0;
  return html`<ol class="steps">${steps.map((event, index) => step(event, index, changed))}</ol>
    <button type="button" class="plain add" ?disabled=${steps.length >= MOST_STEPS} @click=${() => {
      steps.push({ name: '', where: [] });
      changed();
      focusSoon(`step-${steps.length}`);
    }}>+ step</button>
    <div class="filters">
      ${rangeEditor(range, changed)} ${durationField('Within', options.within, '7d', set('within'))}
      ${propertyField('Split by', by, 'split-properties', changed)}
      ${
        by.name === ''
          ? ''
          : choice(
              'of',
              String(byStep),
              steps.map((_, index) => [String(index + 1), `step ${index + 1}`]),
              (value) => {
                byStep = Number(value);
              },
            )
      }
      ${choice('By time', options.every, PERIODS, set('every'))} ${check('how long it took', options.times, set('times'))}
    </div>
    <details class="special" ?open=${isSpecial}>
      <summary>Order, sessions, exclusions</summary>
      <div class="filters">
        ${choice('Steps', options.order, ORDERS, set('order'))} ${choice('Count', options.subject, SUBJECTS, set('subject'))}
        ${check('all in one session', options['one session'], set('one session'))}
      </div>
      ${exclusions.map((one, index) => exclusion(one, index, changed))}
      <button type="button" class="plain add" ?disabled=${steps.length < 2} @click=${() => {
        exclusions.push({ event: { name: '', where: [] }, after: 1, before: steps.length });
        changed();
        focusSoon(`exclusion-${exclusions.length}`);
      }}>+ event that must not come between</button>
    </details>
    ${suggestions('split-properties', namesAsked(steps[byStep - 1]?.name ?? '', changed))}`;
}

function step(event: EditedEvent, index: number, changed: () => void): TemplateResult {
  const number = index + 1;
  const move = (to: number) => {
    steps.splice(to, 0, ...steps.splice(index, 1));
    changed();
    focusSoon(`step-${to + 1}`);
  };
  return html`<li><fieldset>
    <legend class="visually-hidden">Step ${number}</legend>
    ${eventEditor(event, { id: `step-${number}`, label: `Step ${number}`, isRequired: true, changed })}
    <div class="moves">
      <button type="button" class="plain" aria-label="Move step ${number} up" ?disabled=${index === 0} @click=${() => move(index - 1)}>↑</button>
      <button type="button" class="plain" aria-label="Move step ${number} down" ?disabled=${number === steps.length} @click=${() => move(index + 1)}>↓</button>
      <button type="button" class="plain" aria-label="Remove step ${number}" ?disabled=${steps.length === 1} @click=${() => {
        steps.splice(index, 1);
        changed();
        focusSoon(`step-${Math.max(1, index)}`);
      }}>✕</button>
    </div>
  </fieldset></li>`;
}

function exclusion(one: Exclusion, index: number, changed: () => void): TemplateResult {
  const number = index + 1;
  const place = (key: 'after' | 'before', from: number) =>
    choice(
      key,
      String(one[key]),
      steps.slice(1).map((_, at) => [String(at + from), `step ${at + from}`]),
      (value) => {
        one[key] = Number(value);
      },
    );
  return html`<fieldset>
    <legend class="visually-hidden">Exclusion ${number}</legend>
    ${eventEditor(one.event, { id: `exclusion-${number}`, label: 'Without', isRequired: true, changed })}
    <div class="moves">${place('after', 1)} ${place('before', 2)}
      <button type="button" class="plain" aria-label="Remove exclusion ${number}" @click=${() => {
        exclusions.splice(index, 1);
        changed();
      }}>✕</button>
    </div>
  </fieldset>`;
}

await openBuilder<FunnelAnswer>({
  ask: 'funnel',
  title: 'Funnel',
  read,
  written,
  fields,
  answer: ({ answer }) => funnelAnswer(answer),
  intro: {
    title: 'Which way do people go?',
    advice:
      'Name two events or more in the order in which they should happen, and ask. Names are suggested as you type.',
  },
  keys: ['ask', 'environment', 'steps', 'exclude', 'by', 'from', 'to', ...Object.keys(options)],
});
