import { ANY_EVENT } from '../event-match.ts';
import type { PropertyRef } from '../property-ref.ts';
import { propertyText } from '../property-ref.ts';
import type { QuestionScope } from '../question-scope.ts';
import {
  type AccountsQuestion,
  DEFAULT_TOP,
  type Measure,
  PERIODS,
  type RetentionQuestion,
  type SessionsQuestion,
  type TrendQuestion,
} from '../questions.ts';
import { type Place, shown } from './place.ts';
import { readProperty } from './property-text.ts';
import { type Definitions, readEvent, readEventWith } from './read-event.ts';
import { orList, type Read, readChoice, readList, readText, readTop, readWhole } from './read-value.ts';
import { WrittenObject } from './written-object.ts';

const MOST_RETENTION_PERIODS = 366;
/** Series are named by letters. */
const MOST_SERIES = 26;
const MOST_SHOWN = 50;
const LONG_PERIODS = ['day', 'week', 'month'] as const;

export const RETENTION_KEYS = [
  'start',
  'return',
  'every',
  'periods',
  'cohorts',
  'counts',
  'subject',
  'by',
  'top',
];

export function readRetention(
  written: WrittenObject,
  scope: QuestionScope,
  definitions: Definitions,
): RetentionQuestion {
  const event = readEvent(definitions);
  const periods = written.or('periods', readWhole(1, MOST_RETENTION_PERIODS), 7);
  return {
    ...scope,
    start: written.or('start', event, ANY_EVENT),
    back: written.or('return', event, ANY_EVENT),
    every: written.or('every', readChoice(LONG_PERIODS), 'day'),
    periods,
    cohorts: written.or('cohorts', readChoice(['first in range', 'first ever', 'every']), 'first in range'),
    counts: written.or('counts', readCounts(periods), 'in'),
    subject: written.or('subject', readChoice(['user', 'account']), 'user'),
    ...written.some('by', readProperty, 'by'),
    ...written.some('top', readTop, 'top'),
  };
}

/** `in`, `in or after`, or the first period of each bracket. */
function readCounts(periods: number): Read<RetentionQuestion['counts']> {
  return (value, place) => {
    if (!Array.isArray(value)) {
      const word = (['in', 'in or after'] as const).find((choice) => choice === value);
      return word ?? place.want('in, in or after, or a list of brackets such as [0, 1, 7]', value);
    }
    const brackets = readList(readWhole(0, periods), 1, periods + 1)(value, place);
    if (brackets === undefined) return undefined;
    const ascends =
      brackets[0] === 0 &&
      brackets.every((first, index) => index === 0 || first > (brackets[index - 1] ?? 0));
    return ascends ? { brackets } : place.want('brackets that ascend from 0', value);
  };
}

export const TREND_KEYS = ['series', 'every', 'formula', 'by', 'top'];

export function readTrend(
  written: WrittenObject,
  scope: QuestionScope,
  definitions: Definitions,
): TrendQuestion {
  return {
    ...scope,
    series:
      written.required('series', readList(readSeries(definitions), 1, MOST_SERIES), 'a list of events') ?? [],
    every: written.or('every', readChoice(PERIODS), 'day'),
    ...written.some('formula', readText, 'formula'),
    ...written.some('by', readProperty, 'by'),
    top: written.or('top', readTop, DEFAULT_TOP),
  };
}

/** An event, or an event with `measure`. */
function readSeries(definitions: Definitions): Read<TrendQuestion['series'][number]> {
  return (value, place) => {
    const event = readEventWith(definitions, value, place, ['measure']);
    const measure =
      typeof value === 'object' && value !== null && 'measure' in value && value.measure !== null
        ? readMeasure(value.measure, place.at('measure'))
        : ({ of: 'events' } as const);
    return event && measure && { event, measure };
  };
}

const COUNTED = ['events', 'users', 'accounts', 'sessions'] as const;
const FIGURES = ['sum', 'average', 'median', 'least', 'most'] as const;
const MEASURE_FORM = `${COUNTED.join(', ')}, or one of ${orList(FIGURES)} with a property, such as sum of total`;

/** `users`, `sum of total`, or `{ of: sum, property: total }`. */
const readMeasure: Read<Measure> = (value, place) => {
  if (typeof value === 'string') return measureOf(value, place);
  const written = WrittenObject.read(value, place, ['of', 'property'], MEASURE_FORM);
  const of = written?.required('of', readChoice([...COUNTED, ...FIGURES]), MEASURE_FORM);
  if (written === undefined || of === undefined) return undefined;
  const counted = COUNTED.find((one) => one === of);
  if (counted !== undefined) {
    return written.has('property')
      ? place.at('property').refuse(`there is none where ${of} are counted`)
      : { of: counted };
  }
  const property = written.required('property', readProperty, 'the property that is measured');
  return property && { of: of as (typeof FIGURES)[number], property };
};

function measureOf(text: string, place: Place): Measure | undefined {
  const counted = COUNTED.find((one) => one === text);
  if (counted !== undefined) return { of: counted };
  const figure = FIGURES.find((one) => text.startsWith(`${one} of `));
  if (figure === undefined) return place.want(MEASURE_FORM, text);
  const property = readProperty(text.slice(`${figure} of `.length), place);
  return property && { of: figure, property };
}

export const SESSIONS_KEYS = ['every', 'by', 'top'];

export function readSessions(written: WrittenObject, scope: QuestionScope): SessionsQuestion {
  return {
    ...scope,
    ...written.some('every', readChoice(PERIODS), 'every'),
    ...written.some('by', readPropertyOf(['session', 'user', 'account']), 'by'),
    ...written.some('top', readTop, 'top'),
  };
}

export const ACCOUNTS_KEYS = ['event', 'every', 'show', 'top'];

export function readAccounts(
  written: WrittenObject,
  scope: QuestionScope,
  definitions: Definitions,
): AccountsQuestion {
  return {
    ...scope,
    event: written.or('event', readEvent(definitions), ANY_EVENT),
    every: written.or('every', readChoice(LONG_PERIODS), 'week'),
    show: written.or('show', readList(readPropertyOf(['account']), 0, MOST_SHOWN), []),
    top: written.or('top', readTop, 20),
  };
}

/** A property that has one of some scopes. */
function readPropertyOf(scopes: readonly PropertyRef['of'][]): Read<PropertyRef> {
  return (value, place) => {
    const property = readProperty(value, place);
    if (property === undefined || scopes.includes(property.of)) return property;
    const meant = scopes.map((of) => propertyText({ of, name: property.name }));
    return place.refuse(
      `want a property of the ${orList(scopes)}, such as ${meant[0]}, current value is ${shown(value)}`,
    );
  };
}
