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
  inOrder,
  isIn,
  loadHistory,
  SCOPE,
  UNSHRUNK,
} from '../test/support/question-history.ts';
import type { RetentionRow } from './answers.ts';
import { ANY_EVENT, type EventMatch, eventNamed } from './event-match.ts';
import type { RetentionQuestion } from './questions.ts';
import { retentionQuery } from './retention.ts';

const DAY_MS = 86_400_000;

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

/** The first day of the period n after that of a time, found by going from day to day. */
function periodAfter(every: RetentionQuestion['every'], time: number, n: number): string {
  const day = new Date(Math.floor(time / DAY_MS) * DAY_MS);
  if (every === 'month') {
    day.setUTCDate(1);
    day.setUTCMonth(day.getUTCMonth() + n);
  } else {
    while (every === 'week' && day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
    day.setUTCDate(day.getUTCDate() + n * (every === 'week' ? 7 : 1));
  }
  return day.toISOString().slice(0, 10);
}

const fits = ({ label }: EventMatch, { name }: QuestionEvent) => label === ANY_EVENT.label || name === label;

function expectedRows({ events, users }: History, question: RetentionQuestion): RetentionRow[] {
  const { start, back, every, periods, cohorts, counts, subject, by, top = 10 } = question;
  const periodOf = ({ time }: QuestionEvent) => periodAfter(every, time, 0);
  const subjectOf = ({ user }: QuestionEvent) =>
    subject === 'user' ? String(user) : (users[user - 1]?.account_id ?? undefined);
  const splitOf = (event: QuestionEvent) => {
    const found = by?.of === 'user' ? users[event.user - 1]?.plan : event.properties?.['plan'];
    return (found ?? null) as string | null;
  };
  const cells = new Map<string, { cohort: string; value: string | null; subjects: QuestionEvent[][] }>();
  for (const [who, mine] of Map.groupBy(events.toSorted(inOrder), subjectOf)) {
    if (who === undefined) continue;
    const starts = mine.filter((event) => fits(start, event) && isIn({ toMs: question.toMs }, event.time));
    const inRange = starts.filter(({ time }) => isIn(question, time));
    if (cohorts === 'first ever' && starts.length !== inRange.length) continue;
    const begun = cohorts === 'every' ? inRange : inRange.slice(0, 1);
    const backs = mine.filter((event) => fits(back, event) && isIn(question, event.time));
    for (const [cohort, [first]] of Map.groupBy(begun, periodOf)) {
      const value = by === undefined ? null : splitOf(first as QuestionEvent);
      const key = JSON.stringify([cohort, value]);
      cells.getOrInsertComputed(key, () => ({ cohort, value, subjects: [] })).subjects.push(backs);
    }
  }
  const sizes = new Map<string | null, number>();
  for (const { value, subjects } of cells.values()) {
    sizes.set(value, (sizes.get(value) ?? 0) + subjects.length);
  }
  const ranked = [...sizes].sort(
    ([left, many], [right, more]) =>
      more - many ||
      Number(left === null) - Number(right === null) ||
      (String(left) < String(right) ? -1 : 1),
  );
  const placeOf = (value: string | null) =>
    Math.min(
      ranked.findIndex(([other]) => other === value),
      top,
    );
  const grouped = Map.groupBy(cells.values(), ({ cohort, value }) =>
    JSON.stringify([cohort, String(placeOf(value)).padStart(4, '0')]),
  );
  const firsts =
    typeof counts === 'string' ? Array.from({ length: periods + 1 }, (_, n) => n) : counts.brackets;
  return [...grouped]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, together]) => {
      const { cohort, value } = together[0] as { cohort: string; value: string | null };
      const subjects = together.flatMap((cell) => cell.subjects);
      const nth = (n: number) => periodAfter(every, Date.parse(cohort), n);
      const returned = firsts.map((first, index) => {
        const last =
          counts === 'in' ? first : counts === 'in or after' ? 999 : (firsts[index + 1] ?? periods + 1) - 1;
        const count = subjects.filter((backs) =>
          backs.some((event) => periodOf(event) >= nth(first) && periodOf(event) < nth(last + 1)),
        ).length;
        const { toMs = Number.POSITIVE_INFINITY } = question;
        return count === 0 && Date.parse(nth(first)) >= toMs ? null : count;
      });
      const others = placeOf(value) === top;
      const key = by === undefined ? {} : { value: others ? null : value, others };
      return { cohort, ...key, users: subjects.length, returned };
    });
}

const anEvent = fc.constantFrom(ANY_EVENT, eventNamed('A'), eventNamed('B'));

const aQuestion: fc.Arbitrary<RetentionQuestion> = fc
  .record(
    {
      start: anEvent,
      back: anEvent,
      every: fc.constantFrom('day', 'week', 'month'),
      periods: fc.integer({ min: 3, max: 5 }),
      cohorts: fc.constantFrom('first in range', 'first ever', 'every'),
      counts: fc.constantFrom('in', 'in or after', { brackets: [0] }, { brackets: [0, 1, 3] }),
      subject: fc.constantFrom('user', 'account'),
      by: fc.constantFrom({ of: 'event', name: 'plan' }, { of: 'user', name: 'plan' }),
      top: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['start', 'back', 'every', 'periods', 'cohorts', 'counts', 'subject'] },
  )
  .chain((question) => aRange.map((range) => ({ ...SCOPE, ...question, ...range }) as RetentionQuestion));

test('retentionQuery() counts what counting subject by subject counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 12, maxLength: 12 }),
      async (history, questions) => {
        await loadHistory(database, history);
        for (const question of questions) {
          assert.deepEqual(
            await database.rowsOf(retentionQuery(question)),
            expectedRows(history, question),
            JSON.stringify(question),
          );
        }
      },
    ),
    { numRuns: 10, ...UNSHRUNK },
  );
});

const QUESTION: RetentionQuestion = {
  ...SCOPE,
  start: eventNamed('A'),
  back: eventNamed('B'),
  every: 'day',
  periods: 2,
  cohorts: 'first in range',
  counts: 'in',
  subject: 'user',
};

test('retentionQuery() says nothing of periods that have not begun by the end of the range, nor by now', async () => {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  await database.load([{ user: 1, time: today - DAY_MS, id: 1, name: 'A' }]);
  const returned = async (question: Partial<RetentionQuestion>) =>
    (
      await database.rowsOf<RetentionRow>(retentionQuery({ ...QUESTION, periods: 4, ...question }))
    )[0]?.returned.slice(2);
  assert.deepEqual(await returned({}), [null, null, null]);
  assert.deepEqual(await returned({ toMs: today + 9 * DAY_MS }), [null, null, null]);
  assert.deepEqual(await returned({ toMs: today, counts: { brackets: [0, 1, 2] } }), [null]);
});

test('retentionQuery() looks before the range for who started ever before, and for nothing else', async () => {
  const [before, from, later] = [Date.UTC(2024, 1, 5), Date.UTC(2024, 1, 12), Date.UTC(2024, 1, 20)] as const;
  await database.load([
    { user: 1, time: before, id: 1, name: 'A' },
    { user: 1, time: later, id: 2, name: 'A' },
    { user: 2, time: before, id: 3, name: 'B' },
    { user: 2, time: later, id: 4, name: 'A' },
  ]);
  const question = {
    ...QUESTION,
    every: 'month',
    cohorts: 'first ever',
    fromMs: from,
    toMs: later + 1,
  } as const;
  assert.deepEqual(await database.rowsOf(retentionQuery(question)), [
    { cohort: '2024-02-01', users: 1, returned: [0, null, null] },
  ]);
});

test('retentionQuery() refuses what has no meaning', () => {
  const refused: readonly Partial<RetentionQuestion>[] = [
    { periods: 0 },
    { periods: 1.5 },
    { periods: 367 },
    { subject: 'session' },
    { counts: { brackets: [] } },
    { counts: { brackets: [1, 2] } },
    { counts: { brackets: [0, 2, 2] } },
    { counts: { brackets: [0, 3] } },
    { subject: 'account', accountIdProperty: '' },
    { by: { of: 'event', name: 'plan' }, top: 0 },
  ];
  for (const part of refused) {
    assert.throws(() => retentionQuery({ ...QUESTION, ...part }), RangeError, JSON.stringify(part));
  }
});
