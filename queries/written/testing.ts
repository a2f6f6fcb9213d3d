import fc from 'fast-check';
import { DEFAULT_OPTIONS } from '#lib/config/environments.ts';
import type { Cohort, CohortRule } from '../cohort.ts';
import { ANY_EVENT, type Condition, type EventMatch, eventNamed } from '../event-match.ts';
import { FIELDS, type PropertyRef } from '../property-ref.ts';
import { SUBJECTS } from '../question-scope.ts';
import { type Measure, PERIODS, type Question } from '../questions.ts';

export const ENVIRONMENTS = [
  { number: 1, name: 'shop', options: { ...DEFAULT_OPTIONS, accountIdProperty: 'company' } },
];
const SCOPE = { environment: 1, database: 'shop', accountIdProperty: 'company' };

/** Texts that mean something to those who put texts together without care. */
export const HOSTILE_TEXTS = [
  "'",
  '"',
  '`',
  '\\',
  "\\'",
  '{x:String}',
  '{p0:Identifier}',
  '-- ',
  '/*',
  '#',
  ';',
  "'; DROP TABLE cairn.events; --",
  '\0',
  '\n',
  '\t',
  ' ',
  '%',
  '*',
  '@',
  '$1',
  'a, b',
  'a = b',
  'user.plan',
  'field.path',
  'plan in x',
  'not in',
  '🙂',
  'ʼ',
  '\u202e',
  'NULL',
  'x'.repeat(1024),
] as const;

const text = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
  fc.constantFrom('Signup', 'Purchase', 'plan'),
);
const anyText = fc.oneof(text, fc.constant(''));
const count = fc.integer({ min: 1, max: 10 });
const duration = fc.oneof(fc.integer({ min: 1, max: 3660 * 86_400_000 }), fc.constant(86_400_000));
const optional = <T>(key: string, arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined }).map((value) => (value === undefined ? {} : { [key]: value }));

const property: fc.Arbitrary<PropertyRef> = fc.oneof(
  fc.record({ of: fc.constantFrom('event', 'session', 'user', 'account'), name: text }),
  fc.record({ of: fc.constant('field'), name: fc.constantFrom(...FIELDS) }),
);
const personal = fc.record({ of: fc.constantFrom('user', 'account'), name: text });

const conditionOn = (property: fc.Arbitrary<PropertyRef>): fc.Arbitrary<Condition> =>
  fc.oneof(
    fc.record({
      property,
      is: fc.constantFrom('one of', 'none of'),
      values: fc.array(anyText, { minLength: 1, maxLength: 12 }),
    }),
    fc.record({
      property,
      is: fc.constantFrom('containing', 'starting with', 'ending with', 'matching'),
      value: text,
    }),
    fc.record({
      property,
      is: fc.constantFrom('less than', 'at most', 'more than', 'at least'),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    }),
    fc.record({ property, is: fc.constantFrom('known', 'unknown') }),
  );

const pattern = fc
  .tuple(
    optional('names', fc.array(text, { minLength: 1, maxLength: 3 })),
    optional('where', fc.array(conditionOn(property), { minLength: 1, maxLength: 3 })),
  )
  .map(([names, where]) => ({ ...names, ...where }));

export const event: fc.Arbitrary<EventMatch> = fc.oneof(
  text.map(eventNamed),
  fc.constant(ANY_EVENT),
  fc.record({ label: text, anyOf: fc.array(pattern, { minLength: 1, maxLength: 3 }) }),
);

const range = fc
  .uniqueArray(fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2298, 0) }), { minLength: 2, maxLength: 2 })
  .map((ends) => ends.sort((left, right) => left - right))
  .chain(([fromMs, toMs]) =>
    fc.tuple(optional('fromMs', fc.constant(fromMs)), optional('toMs', fc.constant(toMs))),
  )
  .map(([from, to]) => ({ ...from, ...to }));

const rule: fc.Arbitrary<CohortRule> = fc.oneof(
  conditionOn(personal).map((has) => ({ has })),
  fc
    .tuple(
      event,
      optional('atLeast', fc.integer({ min: 0, max: 3 })),
      optional('atMost', fc.integer({ min: 3, max: 9 })),
      range,
    )
    .map(([did, least, most, times]) => ({ did, ...least, ...most, ...times })),
);
const cohort: fc.Arbitrary<Cohort> = fc.record({
  hold: fc.constantFrom('all', 'any'),
  rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
});

const measure: fc.Arbitrary<Measure> = fc.oneof(
  fc.record({ of: fc.constantFrom('events', 'users', 'accounts', 'sessions') }),
  fc.record({ of: fc.constantFrom('sum', 'average', 'median', 'least', 'most'), property }),
);

const OWN: { [K in Question['ask']]: fc.Arbitrary<object> } = {
  funnel: fc
    .record({
      steps: fc.array(event, { minLength: 2, maxLength: 5 }),
      order: fc.constantFrom('later', 'next', 'any'),
      oneSession: fc.boolean(),
      exclusions: fc.array(fc.record({ event, after: fc.constant(1), before: fc.constant(2) }), {
        maxLength: 2,
      }),
      subject: fc.constantFrom(...SUBJECTS),
      times: fc.boolean(),
      anchor: fc.constantFrom('any', 'first'),
    })
    .chain((own) =>
      fc
        .tuple(
          optional('withinMs', duration),
          optional('top', count),
          optional('every', fc.constantFrom(...PERIODS)),
          optional('by', fc.record({ property, step: fc.integer({ min: 1, max: own.steps.length }) })),
        )
        .map((others) => Object.assign({}, own, ...others)),
    ),
  retention: fc
    .tuple(
      fc.record({
        start: event,
        back: event,
        every: fc.constantFrom('day', 'week', 'month'),
        periods: count,
        cohorts: fc.constantFrom('first in range', 'first ever', 'every'),
        counts: fc.oneof(fc.constantFrom('in', 'in or after'), fc.constant({ brackets: [0, 1] })),
        subject: fc.constantFrom('user', 'account'),
      }),
      optional('by', property),
      optional('top', count),
    )
    .map((parts) => Object.assign({}, ...parts)),
  paths: fc
    .tuple(
      fc.record({
        point: event,
        direction: fc.constantFrom('after', 'before'),
        steps: fc.array(event, { maxLength: 3 }),
        depth: count,
        top: count,
        oneSession: fc.boolean(),
        collapse: fc.boolean(),
      }),
      optional('withinMs', duration),
    )
    .map((parts) => Object.assign({}, ...parts)),
  cohort: fc.record({ cohort, list: fc.integer({ min: 0, max: 5 }) }),
  trend: fc
    .tuple(
      fc.record({
        series: fc.array(fc.record({ event, measure }), { minLength: 1, maxLength: 3 }),
        every: fc.constantFrom(...PERIODS),
        top: count,
      }),
      optional('formula', fc.constantFrom('A', 'A * 2', '(A + 1) / A')),
      optional('by', property),
    )
    .map((parts) => Object.assign({}, ...parts)),
  sessions: fc
    .tuple(
      optional('every', fc.constantFrom(...PERIODS)),
      optional('by', fc.record({ of: fc.constantFrom('session', 'user', 'account'), name: text })),
      optional('top', count),
    )
    .map((parts) => Object.assign({}, ...parts)),
  accounts: fc.record({
    event,
    every: fc.constantFrom('day', 'week', 'month'),
    show: fc.array(fc.record({ of: fc.constant('account'), name: text }), { maxLength: 3 }),
    top: count,
  }),
};

/** Questions of one kind that may be asked, with texts of every sort. */
export function questionsOf(ask: Question['ask']): fc.Arbitrary<Question> {
  return fc
    .tuple(range, optional('among', cohort), OWN[ask])
    .map(([times, among, own]) => JSON.parse(JSON.stringify({ ask, ...SCOPE, ...times, ...among, ...own })));
}

export const KINDS = Object.keys(OWN) as Question['ask'][];
