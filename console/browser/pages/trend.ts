import { html, type TemplateResult } from 'lit';
import type { TrendAnswer } from '#queries/answer/trend-answer.ts';
import { openBuilder } from '../parts/builder.ts';
import {
  type EditedEvent,
  editedEvent,
  eventEditor,
  focusSoon,
  namesAsked,
  writtenEvent,
} from '../parts/event-editor.ts';
import { choice, type EditedProperty, editedProperty, propertyField, wholeNumber } from '../parts/fields.ts';
import { suggestions } from '../parts/names.ts';
import { rangeEditor, readWrittenRange, writtenRange } from '../parts/range-editor.ts';
import { trendAnswer } from '../parts/trend-answer.ts';
import type { Written } from '../question-url.ts';

const EVERY = [
  ['hour', 'hour'],
  ['day', 'day'],
  ['week', 'week'],
  ['month', 'month'],
] as const;
const MEASURES = [
  ['events', 'how often'],
  ['users', 'how many users'],
  ['sessions', 'in how many sessions'],
  ['accounts', 'how many accounts'],
  ['sum', 'sum of'],
  ['average', 'average of'],
  ['median', 'median of'],
  ['least', 'least'],
  ['most', 'most'],
] as const;
const FIGURES = ['sum', 'average', 'median', 'least', 'most'];
const MOST_SERIES = 26;

type Series = { event: EditedEvent; measure: string; property: EditedProperty };

let series: Series[] = [];
let range = { from: '', to: '' };
let every = 'day';
let formula = '';
let top = 5;
let by: EditedProperty = { of: 'event', name: '' };

function read(question: Written): void {
  const given = Array.isArray(question['series']) ? question['series'] : ['*'];
  series = given.map(readSeries);
  range = readWrittenRange(question);
  every = typeof question['every'] === 'string' ? question['every'] : 'day';
  formula = typeof question['formula'] === 'string' ? question['formula'] : '';
  top = Number(question['top'] ?? 5) || 5;
  by = editedProperty(question['by']);
}

/** A measure is `users`, `sum of total`, or an object. */
function readSeries(given: unknown): Series {
  const event = editedEvent(given, ['measure']);
  const { measure = 'events' } = (typeof given === 'object' ? (given ?? {}) : {}) as { measure?: unknown };
  if (typeof measure !== 'string') {
    const { of, property } = measure as { of?: string; property?: unknown };
    return { event, measure: of ?? 'events', property: editedProperty(property) };
  }
  const [, figure = measure, property = ''] = /^(\w+) of (.*)$/s.exec(measure) ?? [];
  return { event, measure: figure, property: editedProperty(property) };
}

function written(): Written {
  return {
    series: series.map(({ event, measure, property }) => {
      const one = writtenEvent(event);
      if (measure === 'events') return one;
      const isFigure = FIGURES.includes(measure);
      const base = typeof one === 'object' ? one : one === '*' ? {} : { definition: String(one).slice(1) };
      return { ...base, measure: isFigure ? { of: measure, property } : measure };
    }),
    every,
    ...(formula === '' ? {} : { formula }),
    ...(by.name === '' ? {} : { by, top }),
    ...writtenRange(range),
  };
}

function fields(changed: () => void): TemplateResult {
  return html`<ol class="steps">${series.map((one, index) => row(one, index, changed))}</ol>
    <button type="button" class="plain add" ?disabled=${series.length >= MOST_SERIES} @click=${() => {
      series.push(readSeries('*'));
      changed();
      focusSoon(`series-${series.length}`);
    }}>+ series</button>
    <div class="filters">
      ${rangeEditor(range, changed)}
      ${choice('By', every, EVERY, (value) => {
        every = value;
      })}
      ${propertyField('Split by', by, 'split-properties', changed)}
      ${
        by.name === ''
          ? ''
          : wholeNumber('Values', top, 1, 50, (value) => {
              top = value;
            })
      }
      <label>Formula
        <input .value=${formula} placeholder="A / B * 100" autocomplete="off" spellcheck="false" @input=${(
          event: Event,
        ) => {
          formula = (event.target as HTMLInputElement).value.trim();
        }} />
      </label>
    </div>
    ${suggestions('split-properties', namesAsked(series[0]?.event.name ?? '', changed))}`;
}

function row(one: Series, index: number, changed: () => void): TemplateResult {
  const letter = String.fromCharCode(65 + index);
  return html`<li><fieldset>
    <legend class="visually-hidden">Series ${letter}</legend>
    ${eventEditor(one.event, { id: `series-${index + 1}`, label: letter, isRequired: false, changed })}
    <div class="moves">
      ${choice('Measure', one.measure, MEASURES, (value) => {
        one.measure = value;
        changed();
      })}
      ${FIGURES.includes(one.measure) ? propertyField('of', one.property, `series-${index + 1}-measured`, changed) : ''}
      <button type="button" class="plain" aria-label="Remove series ${letter}" ?disabled=${series.length === 1} @click=${() => {
        series.splice(index, 1);
        changed();
        focusSoon(`series-${Math.max(1, index)}`);
      }}>✕</button>
    </div>
    ${FIGURES.includes(one.measure) ? suggestions(`series-${index + 1}-measured`, namesAsked(one.event.name, changed)) : ''}
  </fieldset></li>`;
}

await openBuilder<TrendAnswer>({
  ask: 'trend',
  title: 'Trend',
  read,
  written,
  fields,
  answer: ({ answer }) => trendAnswer(answer),
  intro: {
    title: 'How much, over time?',
    advice: 'Name events and what to measure of them. A formula such as A / B * 100 sets series in relation.',
  },
  keys: ['ask', 'environment', 'series', 'every', 'formula', 'by', 'top', 'from', 'to'],
});
