import { html, type TemplateResult } from 'lit';
import type { RetentionAnswer } from '#queries/answer/retention-answer.ts';
import { openBuilder } from '../parts/builder.ts';
import { editedEvent, eventEditor, namesAsked, writtenEvent } from '../parts/event-editor.ts';
import { choice, type EditedProperty, editedProperty, propertyField, wholeNumber } from '../parts/fields.ts';
import { suggestions } from '../parts/names.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import { retentionAnswer } from '../parts/retention-answer.ts';
import type { Written } from '../question-url.ts';

const EVERY = [
  ['day', 'day'],
  ['week', 'week'],
  ['month', 'month'],
] as const;
const COHORTS = [
  ['first in range', 'by their first time in this time'],
  ['first ever', 'only if it was their first time ever'],
  ['every', 'each time anew'],
] as const;
const COUNTS = [
  ['in', 'in that very period'],
  ['in or after', 'in it or later'],
  ['brackets', 'in brackets'],
] as const;
const SUBJECTS = [
  ['user', 'users'],
  ['account', 'accounts'],
] as const;

let start = editedEvent('*');
let back = editedEvent('*');
let range = { from: '', to: '' };
let periods = 7;
let brackets = '0, 1, 3, 7';
let by: EditedProperty = { of: 'event', name: '' };
let options = { every: 'day', cohorts: 'first in range', counts: 'in', subject: 'user' };

function read(question: Written): void {
  const text = (key: string, other: string) => (typeof question[key] === 'string' ? question[key] : other);
  start = editedEvent(question['start'] ?? '*');
  back = editedEvent(question['return'] ?? '*');
  range = readWrittenRange(question);
  periods = Number(question['periods'] ?? 7) || 7;
  by = editedProperty(question['by']);
  const { counts } = question;
  if (Array.isArray(counts)) brackets = counts.join(', ');
  options = {
    every: text('every', 'day'),
    cohorts: text('cohorts', 'first in range'),
    counts: Array.isArray(counts) ? 'brackets' : text('counts', 'in'),
    subject: text('subject', 'user'),
  };
}

function written(): Written {
  const { every, cohorts, counts, subject } = options;
  return {
    start: writtenEvent(start),
    return: writtenEvent(back),
    every,
    periods,
    ...(cohorts === 'first in range' ? {} : { cohorts }),
    ...(counts === 'in' ? {} : { counts: counts === 'brackets' ? brackets.split(',').map(Number) : counts }),
    ...(subject === 'user' ? {} : { subject }),
    ...(by.name === '' ? {} : { by }),
    ...writtenRange(range),
  };
}

function fields(changed: () => void): TemplateResult {
  const set = (key: keyof typeof options) => (value: string) => {
    options = { ...options, [key]: value };
    changed();
  };
  return html`<fieldset><legend class="visually-hidden">Event that people start with</legend>${eventEditor(start, { id: 'start', label: 'They start with', isRequired: false, changed })}</fieldset>
    <fieldset><legend class="visually-hidden">Event that counts as coming back</legend>${eventEditor(back, { id: 'back', label: 'and return with', isRequired: false, changed })}</fieldset>
    <div class="filters">
      ${rangeEditor(range, changed)} ${choice('By', options.every, EVERY, set('every'))}
      ${wholeNumber('Periods', periods, 1, 366, (value) => {
        periods = value;
      })}
      ${propertyField('Split by', by, 'split-properties', changed)}
    </div>
    <details class="special" ?open=${options.cohorts !== 'first in range' || options.counts !== 'in' || options.subject !== 'user'}>
      <summary>Who belongs to a cohort, and what counts</summary>
      <div class="filters">
        ${choice('They belong', options.cohorts, COHORTS, set('cohorts'))} ${choice('They came back', options.counts, COUNTS, set('counts'))}
        ${
          options.counts === 'brackets'
            ? html`<label>First period of each <input .value=${brackets} pattern="\\s*0(\\s*,\\s*\\d+)*\\s*" required @input=${(
                event: Event,
              ) => {
                brackets = (event.target as HTMLInputElement).value;
              }} /></label>`
            : ''
        }
        ${choice('Count', options.subject, SUBJECTS, set('subject'))}
      </div>
    </details>
    ${suggestions('split-properties', namesAsked(start.name, changed))}`;
}

await openBuilder<RetentionAnswer>({
  ask: 'retention',
  title: 'Retention',
  read,
  written,
  fields,
  answer: ({ answer }) => retentionAnswer(answer),
  intro: {
    title: 'Who comes back?',
    advice: 'Say what people start with and what counts as coming back. Left empty, any event does.',
  },
  keys: ['ask', 'environment', 'start', 'return', 'periods', 'by', 'from', 'to', ...Object.keys(options)],
});
