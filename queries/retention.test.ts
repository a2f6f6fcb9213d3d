import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  type QuestionDatabase,
  type QuestionEvent,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
import { type RetentionQuestion, type RetentionRow, retentionQuery } from './retention.ts';

const DAY_MS = 86_400_000;
/** A Monday. */
const MONDAY_MS = Date.UTC(2026, 2, 2);

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

function expectedRows(events: readonly QuestionEvent[], question: RetentionQuestion): RetentionRow[] {
  const { start, back, every, periods, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = question;
  const lengthMs = every === 'day' ? DAY_MS : 7 * DAY_MS;
  const periodOf = ({ time }: QuestionEvent) => Math.floor((time - MONDAY_MS) / lengthMs);
  const inRange = events.filter(({ time }) => time >= fromMs && time < toMs);
  const rows = new Map<number, { users: number; returned: number[] }>();
  for (const mine of Map.groupBy(inRange, ({ user }) => user).values()) {
    const starts = mine.filter(({ name }) => start === undefined || name === start).map(periodOf);
    if (starts.length === 0) continue;
    const cohort = Math.min(...starts);
    const row = rows.getOrInsertComputed(cohort, () => ({ users: 0, returned: Array(periods + 1).fill(0) }));
    row.users += 1;
    const backs = new Set(mine.filter(({ name }) => back === undefined || name === back).map(periodOf));
    for (const period of backs) {
      const n = period - cohort;
      if (n >= 0 && n <= periods) row.returned[n] = (row.returned[n] ?? 0) + 1;
    }
  }
  return [...rows]
    .sort(([left], [right]) => left - right)
    .map(([period, row]) => ({
      cohort: new Date(MONDAY_MS + period * lengthMs).toISOString().slice(0, 10),
      ...row,
    }));
}

const anEvent = fc.record({
  user: fc.integer({ min: 1, max: 10 }),
  time: fc.integer({ min: 0, max: 20 * 24 - 1 }).map((hour) => MONDAY_MS + hour * 3_600_000),
  id: fc.integer({ min: 1, max: 1000 }),
  name: fc.constantFrom('A', 'B', 'C'),
});

const aQuestion = fc.record(
  {
    environment: fc.constant(1),
    every: fc.constantFrom('day' as const, 'week' as const),
    periods: fc.integer({ min: 1, max: 5 }),
    start: fc.constantFrom('A', 'B'),
    back: fc.constantFrom('A', 'C'),
    fromMs: fc.constantFrom(MONDAY_MS + DAY_MS, MONDAY_MS + 5 * DAY_MS + 1),
    toMs: fc.constantFrom(MONDAY_MS + 9 * DAY_MS, MONDAY_MS + 14 * DAY_MS),
  },
  { requiredKeys: ['environment', 'every', 'periods'] },
);

test('retentionQuery() counts what counting user by user counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anEvent, { maxLength: 100 }),
      fc.array(aQuestion, { minLength: 5, maxLength: 5 }),
      async (events, questions) => {
        await database.load(events);
        for (const question of questions) {
          assert.deepEqual(await database.rowsOf(retentionQuery(question)), expectedRows(events, question));
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('retentionQuery() refuses a number of periods that is none', () => {
  assert.throws(() => retentionQuery({ environment: 1, every: 'day', periods: 0 }), RangeError);
  assert.throws(() => retentionQuery({ environment: 1, every: 'day', periods: 1.5 }), RangeError);
});
