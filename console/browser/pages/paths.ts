import { html, type TemplateResult } from 'lit';
import type { PathsAnswer } from '#queries/answer/paths-answer.ts';
import { openBuilder } from '../parts/builder.ts';
import { editedEvent, eventEditor, writtenEvent } from '../parts/event-editor.ts';
import { check, choice, durationField, wholeNumber } from '../parts/fields.ts';
import { pathsAnswer } from '../parts/paths-answer.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import type { Written } from '../question-url.ts';

const DIRECTIONS = [
  ['after', 'what came after'],
  ['before', 'what came before'],
] as const;

let point = editedEvent('*');
let range = { from: '', to: '' };
let direction = 'after';
let depth = 3;
let top = 20;
let within = '';
let oneSession = true;
let collapse = false;

function read(question: Written): void {
  point = editedEvent(question['point'] ?? '*');
  range = readWrittenRange(question);
  direction = question['direction'] === 'before' ? 'before' : 'after';
  depth = Number(question['depth'] ?? 3) || 3;
  top = Number(question['top'] ?? 20) || 20;
  within = typeof question['within'] === 'string' ? question['within'] : '';
  oneSession = question['one session'] !== false;
  collapse = question['collapse'] === true;
}

function written(): Written {
  return {
    point: writtenEvent(point),
    direction,
    depth,
    top,
    'one session': oneSession,
    ...(within === '' ? {} : { within }),
    ...(collapse ? { collapse } : {}),
    ...writtenRange(range),
  };
}

function fields(changed: () => void): TemplateResult {
  return html`<fieldset><legend class="visually-hidden">Event where paths begin or end</legend>${eventEditor(point, { id: 'point', label: 'Event', isRequired: true, changed })}</fieldset>
    <div class="filters">
      ${rangeEditor(range, changed)}
      ${choice('Show', direction, DIRECTIONS, (value) => {
        direction = value;
      })}
      ${wholeNumber('Steps', depth, 1, 10, (value) => {
        depth = value;
      })}
      ${wholeNumber('Paths', top, 1, 1000, (value) => {
        top = value;
      })}
      ${durationField('Within', within, '30m', (value) => {
        within = value;
      })}
      ${check('end with the session', oneSession, (value) => {
        oneSession = value;
      })}
      ${check('the same twice in a row is once', collapse, (value) => {
        collapse = value;
      })}
    </div>`;
}

await openBuilder<PathsAnswer>({
  ask: 'paths',
  title: 'Paths',
  read,
  written,
  fields,
  answer: ({ answer }) => pathsAnswer(answer),
  intro: {
    title: 'Where do people go from here?',
    advice: 'Name an event, and see what came after it, or before it.',
  },
  keys: [
    'ask',
    'environment',
    'point',
    'direction',
    'depth',
    'top',
    'within',
    'one session',
    'collapse',
    'from',
    'to',
  ],
});
