import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  type QuestionDatabase,
  type QuestionEvent,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
import {
  aHistory,
  aRange,
  type History,
  isIn,
  loadHistory,
  SCOPE,
  UNSHRUNK,
} from '../test/support/question-history.ts';
import type { TrendAnswer, TrendRow } from './answers.ts';
import { ANY_EVENT, type EventMatch, eventNamed } from './event-match.ts';
import { fillTrend } from './fill-trend.ts';
import type { Measure, Period, TrendQuestion } from './questions.ts';
import { trendQuery } from './trend.ts';

const HOUR_MS = 3_600_000;
/** Later than any event. */
const NOW_MS = Date.UTC(2024, 3, 2, 10, 30);

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

/** The beginning of the period of a time, found by going back an hour at a time. */
function beginning(every: Period, time: number): number {
  const hour = new Date(Math.floor(time / HOUR_MS) * HOUR_MS);
  const begins = () =>
    every === 'hour' ||
    (hour.getUTCHours() === 0 &&
      (every === 'day' || (every === 'week' ? hour.getUTCDay() === 1 : hour.getUTCDate() === 1)));
  while (!begins()) hour.setTime(hour.getTime() - HOUR_MS);
  return hour.getTime();
}

const textOf = (every: Period, time: number) => {
  const text = new Date(time).toISOString();
  return every === 'hour' ? text.replace(':00.000Z', 'Z') : text.slice(0, 10);
};

const fits = ({ label }: EventMatch, { name }: QuestionEvent) => label === ANY_EVENT.label || name === label;

/** Nothing but what a number is of the properties of these histories. */
function numbersOf(events: readonly QuestionEvent[], property: string): number[] {
  return events
    .map((event) => event.properties?.[property])
    .filter((value): value is number => typeof value === 'number')
    .sort((one, other) => one - other);
}

function measured(measure: Measure, events: readonly QuestionEvent[], { users }: History): number | null {
  const accountOf = ({ user }: QuestionEvent) => users[user - 1]?.account_id ?? null;
  if (!('property' in measure)) {
    if (measure.of === 'events') return events.length;
    if (measure.of === 'users') return new Set(events.map(({ user }) => user)).size;
    if (measure.of === 'accounts') return new Set(events.map(accountOf).filter((id) => id !== null)).size;
    const inSession = events.filter(({ session }) => session !== 0);
    return new Set(inSession.map(({ device, session }) => `${device} ${session}`)).size;
  }
  const numbers = numbersOf(events, measure.property.name);
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (measure.of === 'sum') return sum;
  if (numbers.length === 0) return null;
  const middle = (numbers.length - 1) / 2;
  const at = (index: number) => numbers[index] as number;
  if (measure.of === 'median') return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  if (measure.of === 'least') return at(0);
  return measure.of === 'most' ? at(numbers.length - 1) : sum / numbers.length;
}

function expectedAnswer(history: History, question: TrendQuestion): TrendAnswer {
  const { series, every, by, top, fromMs, toMs = Number.POSITIVE_INFINITY } = question;
  const found = history.events.filter(
    (event) => isIn(question, event.time) && series.some(({ event: match }) => fits(match, event)),
  );
  const splitOf = (event: QuestionEvent) => {
    const value = by?.of === 'user' ? history.users[event.user - 1]?.plan : event.properties?.['plan'];
    return (value ?? null) as string | null;
  };
  const ranked = [...Map.groupBy(found, splitOf)].sort(
    ([left, few], [right, many]) =>
      many.length - few.length ||
      Number(left === null) - Number(right === null) ||
      (String(left) < String(right) ? -1 : 1),
  );
  const rest = ranked.slice(top).flatMap(([, events]) => events);
  const groups =
    by === undefined
      ? [{ key: {}, events: found }]
      : [
          ...ranked.slice(0, top).map(([value, events]) => ({ key: { value, others: false }, events })),
          ...(rest.length === 0 ? [] : [{ key: { value: null, others: true }, events: rest }]),
        ];
  const periods: string[] = [];
  const first = fromMs ?? Math.min(...found.map(({ time }) => time));
  for (let time = first; time < Math.min(toMs, NOW_MS); time += HOUR_MS) {
    const period = textOf(every, beginning(every, time));
    if (periods.at(-1) !== period) periods.push(period);
  }
  const lastPeriod = textOf(every, beginning(every, Math.min(toMs, NOW_MS) - 1));
  if (periods.length > 0 && periods.at(-1) !== lastPeriod) periods.push(lastPeriod);
  return {
    periods,
    groups: groups.map(({ key, events }) => {
      const figures = series.map(({ event: match, measure }) =>
        periods.map((period) => {
          const mine = events.filter(
            (event) => fits(match, event) && textOf(every, beginning(every, event.time)) === period,
          );
          return measured(measure, mine, history);
        }),
      );
      // The one formula that is asked here.
      const [a, b] = figures;
      const formula = periods.map((_, n) => {
        const [left, right] = [a?.[n] ?? null, b?.[n] ?? null];
        return left === null || right === null || right === 0 ? null : (left / right) * 100;
      });
      return { ...key, series: figures, ...(question.formula === undefined ? {} : { formula }) };
    }),
  };
}

const aMeasure: fc.Arbitrary<Measure> = fc.oneof(
  fc.constantFrom('events', 'users', 'accounts', 'sessions').map((of) => ({ of }) as Measure),
  fc
    .constantFrom('sum', 'average', 'median', 'least', 'most')
    .map((of) => ({ of, property: { of: 'event', name: 'total' } }) as Measure),
);

const aSeries = fc.record({
  event: fc.constantFrom(ANY_EVENT, eventNamed('A'), eventNamed('B')),
  measure: aMeasure,
});

const aQuestion: fc.Arbitrary<TrendQuestion> = fc
  .record(
    {
      series: fc.array(aSeries, { minLength: 2, maxLength: 4 }),
      every: fc.constantFrom('hour', 'day', 'week', 'month'),
      formula: fc.constant('A / B * 100'),
      by: fc.constantFrom({ of: 'event', name: 'plan' }, { of: 'user', name: 'plan' }),
      top: fc.integer({ min: 1, max: 4 }),
    },
    { requiredKeys: ['series', 'every', 'top'] },
  )
  .chain((question) => aRange.map((range) => ({ ...SCOPE, ...question, ...range }) as TrendQuestion));

test('trendQuery() measures what measuring period by period measures, with every period there', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 8, maxLength: 8 }),
      async (history, questions) => {
        await loadHistory(database, history);
        for (const question of questions) {
          const rows = await database.rowsOf<TrendRow>(trendQuery(question));
          assert.deepEqual(
            fillTrend(question, rows, NOW_MS),
            expectedAnswer(history, question),
            JSON.stringify(question),
          );
        }
      },
    ),
    { numRuns: 16, ...UNSHRUNK },
  );
});

const QUESTION: TrendQuestion = {
  ...SCOPE,
  series: [{ event: eventNamed('A'), measure: { of: 'events' } }],
  every: 'day',
  top: 10,
};

test('fillTrend() of nothing has its periods, and none where nothing says when', () => {
  const range = { fromMs: Date.UTC(2024, 1, 28), toMs: Date.UTC(2024, 2, 1, 1) };
  const periods = ['2024-02-28', '2024-02-29', '2024-03-01'];
  const one = { periods, groups: [{ series: [[0, 0, 0]] }] };
  assert.deepEqual(fillTrend({ ...QUESTION, ...range }, [], NOW_MS), one);
  const split = { ...QUESTION, ...range, by: { of: 'event', name: 'plan' } } as const;
  assert.deepEqual(fillTrend(split, [], NOW_MS), { periods, groups: [] });
  assert.deepEqual(fillTrend(QUESTION, [], NOW_MS), { periods: [], groups: [{ series: [[]] }] });
  const empty = { fromMs: range.toMs, toMs: range.fromMs };
  assert.deepEqual(fillTrend({ ...QUESTION, ...empty }, [], NOW_MS), {
    periods: [],
    groups: [{ series: [[]] }],
  });
});

test('fillTrend() shows no period that has not begun but those with events, and refuses too many', () => {
  const fromMs = NOW_MS - 2 * 24 * HOUR_MS;
  const { periods } = fillTrend({ ...QUESTION, fromMs, toMs: NOW_MS + 99 * 24 * HOUR_MS }, [], NOW_MS);
  assert.deepEqual(periods, ['2024-03-31', '2024-04-01', '2024-04-02']);
  const ahead: TrendRow = { period: '2024-04-04', events: 7, measures: [7] };
  assert.deepEqual(fillTrend({ ...QUESTION, fromMs: NOW_MS }, [ahead], NOW_MS), {
    periods: ['2024-04-02', '2024-04-03', '2024-04-04'],
    groups: [{ series: [[0, 0, 7]] }],
  });
  assert.throws(
    () => fillTrend({ ...QUESTION, every: 'hour', fromMs: 0 }, [], NOW_MS),
    /Cannot show so many periods: want at most 10000, current number of hours is \d+/,
  );
});

test('trendQuery() refuses what it cannot measure', () => {
  const accounts = [{ event: ANY_EVENT, measure: { of: 'accounts' } }] as const;
  const refused: readonly Partial<TrendQuestion>[] = [
    { series: [] },
    { series: Array.from({ length: 27 }, () => QUESTION.series[0] as TrendQuestion['series'][number]) },
    { formula: 'A / B' },
    { top: 0 },
    { series: accounts, accountIdProperty: '' },
  ];
  for (const part of refused)
    assert.throws(() => trendQuery({ ...QUESTION, ...part }), RangeError, JSON.stringify(part));
});
