import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  QUESTION_DATABASE,
  type QuestionDatabase,
  startQuestionDatabase,
} from '../test/support/question-database.ts';
import { UNSHRUNK } from '../test/support/question-history.ts';
import { eventNamed } from './event-match.ts';
import { type FunnelQuestion, type FunnelRow, funnelQuery, PLAIN_FUNNEL } from './funnel.ts';
import { inlineParams } from './inline-params.ts';
import type { Query } from './query.ts';

/** A question with none of the options that funnel-options.test.ts tries. */
type PlainQuestion = {
  environment: number;
  steps: readonly string[];
  withinMs?: number | undefined;
  by?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
};

function plainQuestion({ steps, by, ...scope }: PlainQuestion): FunnelQuestion {
  return {
    ...{ ...PLAIN_FUNNEL, database: QUESTION_DATABASE, accountIdProperty: '', ...scope },
    steps: steps.map(eventNamed),
    by: by === undefined ? undefined : { property: { of: 'event', name: by }, step: 1 },
  };
}

const plainQuery = (question: PlainQuestion) => funnelQuery(plainQuestion(question));

type Event = { user: number; time: number; id: number; name: string };

/** Depends on (time, event id) alone, so that events that tie have the same value. */
function planOf({ time, id }: Event): string | null {
  return ['free', 'pro', null][(time + id) % 3] as string | null;
}

function isLater(event: Event, than: Event): boolean {
  return event.time > than.time || (event.time === than.time && event.id > than.id);
}

type Attempt = { level: number; first: Event; last: Event };

/** Every attempt there is, by trying every choice of events. */
function* attempts(events: readonly Event[], steps: readonly string[], withinMs: number): Generator<Attempt> {
  function* extend(level: number, first: Event, last: Event): Generator<Attempt> {
    yield { level, first, last };
    for (const event of events) {
      if (event.name === steps[level] && isLater(event, last) && event.time - first.time <= withinMs) {
        yield* extend(level + 1, first, event);
      }
    }
  }
  for (const event of events) if (event.name === steps[0]) yield* extend(1, event, event);
}

/** The attempt a user counts under: the farthest, then the first to get there, then the latest start. */
function bestAttempt(
  events: readonly Event[],
  steps: readonly string[],
  withinMs: number,
): Attempt | undefined {
  const better = (one: Attempt, other: Attempt) =>
    one.level !== other.level
      ? one.level > other.level
      : isLater(other.last, one.last) || (!isLater(one.last, other.last) && isLater(one.first, other.first));
  let best: Attempt | undefined;
  for (const attempt of attempts(events, steps, withinMs)) {
    if (best === undefined || better(attempt, best)) best = attempt;
  }
  return best;
}

function expectedRows(events: readonly Event[], question: PlainQuestion): FunnelRow[] {
  const {
    steps,
    withinMs = Number.POSITIVE_INFINITY,
    fromMs = 0,
    toMs = Number.POSITIVE_INFINITY,
    by,
  } = question;
  const inRange = events.filter(({ time }) => time >= fromMs && time < toMs);
  const counts = new Map<string | null, number[]>(by === undefined ? [[null, steps.map(() => 0)]] : []);
  for (const mine of Map.groupBy(inRange, ({ user }) => user).values()) {
    const best = bestAttempt(mine, steps, withinMs);
    if (best === undefined) continue;
    const value = by === undefined ? null : planOf(best.first);
    const row = counts.getOrInsertComputed(value, () => steps.map(() => 0));
    for (let level = 0; level < best.level; level += 1) row[level] = (row[level] ?? 0) + 1;
  }
  return [...counts].map(([value, row]) =>
    by === undefined ? { counts: row } : { value, others: false, counts: row },
  );
}

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

function load(events: readonly Event[]): Promise<void> {
  return database.load(
    events.map((event) => {
      const plan = planOf(event);
      return { ...event, properties: plan === null ? {} : { plan } };
    }),
  );
}

async function rowsOf(query: Query): Promise<FunnelRow[]> {
  return sorted(await database.rowsOf<FunnelRow>(query));
}

function sorted(rows: readonly FunnelRow[]): FunnelRow[] {
  return [...rows].sort((left, right) => String(left.value).localeCompare(String(right.value)));
}

/** Few names, times and ids, so that repeats, ties and both sides of every bound come up. */
const anEvent = fc.record({
  user: fc.integer({ min: 1, max: 12 }),
  time: fc.integer({ min: 0, max: 9 }),
  id: fc.integer({ min: 1, max: 3 }),
  name: fc.constantFrom('A', 'B', 'C', "it's {x:String}"),
});

const aQuestion = fc.record(
  {
    environment: fc.constant(1),
    steps: fc.array(fc.constantFrom('A', 'B', "it's {x:String}"), { minLength: 1, maxLength: 4 }),
    withinMs: fc.integer({ min: 0, max: 6 }),
    by: fc.constant('plan'),
    fromMs: fc.integer({ min: 0, max: 3 }),
    toMs: fc.integer({ min: 4, max: 9 }),
  },
  { requiredKeys: ['environment', 'steps'] },
);

test('funnelQuery() counts what trying every choice of events counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anEvent, { maxLength: 120, size: 'max' }),
      fc.array(aQuestion, { minLength: 5, maxLength: 5 }),
      async (events, questions) => {
        await load(events);
        for (const question of questions) {
          const query = plainQuery(question);
          const expected = sorted(expectedRows(events, question));
          assert.deepEqual(await rowsOf(query), expected);
          assert.deepEqual(await rowsOf({ sql: inlineParams(query), params: {} }), expected);
        }
      },
    ),
    { numRuns: 25, ...UNSHRUNK },
  );
});

const cases: {
  title: string;
  events: [time: number, id: number, name: string][];
  steps: string[];
  withinMs?: number;
  counts: number[];
}[] = [
  {
    title: 'a later start where the first one is too old',
    events: [
      [0, 1, 'A'],
      [4, 2, 'A'],
      [7, 3, 'B'],
    ],
    steps: ['A', 'B'],
    withinMs: 5,
    counts: [1, 1],
  },
  { title: 'an event for each of two equal steps', events: [[0, 1, 'A']], steps: ['A', 'A'], counts: [1, 0] },
  {
    title: 'the bound as within',
    events: [
      [0, 1, 'A'],
      [5, 2, 'B'],
    ],
    steps: ['A', 'B'],
    withinMs: 5,
    counts: [1, 1],
  },
  {
    title: 'nothing past the bound',
    events: [
      [0, 1, 'A'],
      [6, 2, 'B'],
    ],
    steps: ['A', 'B'],
    withinMs: 5,
    counts: [1, 0],
  },
  {
    title: 'equal times by event id',
    events: [
      [3, 2, 'A'],
      [3, 1, 'B'],
    ],
    steps: ['B', 'A'],
    counts: [1, 1],
  },
  {
    title: 'no order in a tie',
    events: [
      [3, 1, 'A'],
      [3, 1, 'B'],
    ],
    steps: ['A', 'B'],
    counts: [1, 0],
  },
  {
    title: 'the bound from the first event, not from the step before',
    events: [
      [0, 1, 'A'],
      [4, 2, 'B'],
      [8, 3, 'C'],
    ],
    steps: ['A', 'B', 'C'],
    withinMs: 5,
    counts: [1, 1, 0],
  },
];

for (const { title, events, steps, withinMs, counts } of cases) {
  test(`funnelQuery() takes ${title}`, async () => {
    await load(events.map(([time, id, name]) => ({ user: 1, time, id, name })));
    const query = plainQuery({ environment: 1, steps, withinMs });
    assert.deepEqual(await rowsOf(query), [{ counts }]);
  });
}

test('funnelQuery() holds 32 steps and 100 000 events of one user', async () => {
  await load([]);
  await database.clickhouse.command({
    query: `INSERT INTO cairn.resolved_events (environment, user_id, event_id, time, name, event_table_name)
      SELECT 1, 1, number + 1, fromUnixTimestamp64Milli(toInt64(number), 'UTC'), 'A', 'a' FROM numbers(100000)`,
  });
  const query = plainQuery({ environment: 1, steps: Array.from({ length: 32 }, () => 'A'), withinMs: 31 });
  assert.deepEqual(await rowsOf(query), [{ counts: Array.from({ length: 32 }, () => 1) }]);
});

type OptionCase = {
  title: string;
  events: [time: number, id: number, name: string, session?: number][];
  steps: string[];
  options: Partial<FunnelQuestion>;
  counts: number[];
  /** Without the options. */
  plainly: number[];
};

const FROM_FIRST: Partial<FunnelQuestion> = { anchor: 'first', withinMs: 5 };
const NO_X: Partial<FunnelQuestion> = { exclusions: [{ event: eventNamed('X'), after: 1, before: 2 }] };

const optionCases: OptionCase[] = [
  {
    title: 'from the first event of all is not what any start counts: no later start is tried',
    events: [
      [0, 1, 'A'],
      [4, 2, 'A'],
      [7, 3, 'B'],
    ],
    steps: ['A', 'B'],
    options: FROM_FIRST,
    counts: [1, 0],
    plainly: [1, 1],
  },
  {
    title: 'from the first event of all is not what any start counts: one event does two steps',
    events: [[0, 1, 'A']],
    steps: ['A', 'A'],
    options: FROM_FIRST,
    counts: [1, 1],
    plainly: [1, 0],
  },
  {
    title: 'from the first event of all is not what any start counts: events of one time are in any order',
    events: [
      [3, 1, 'B'],
      [3, 2, 'A'],
    ],
    steps: ['A', 'B'],
    options: FROM_FIRST,
    counts: [1, 1],
    plainly: [1, 0],
  },
  {
    title: 'with the very next event lets nothing come between',
    events: [
      [0, 1, 'A'],
      [1, 2, 'X'],
      [2, 3, 'B'],
    ],
    steps: ['A', 'B'],
    options: { order: 'next' },
    counts: [1, 0],
    plainly: [1, 1],
  },
  {
    title: 'in any order takes the steps as they come',
    events: [
      [0, 1, 'B'],
      [1, 2, 'A'],
    ],
    steps: ['A', 'B'],
    options: { order: 'any' },
    counts: [1, 1],
    plainly: [1, 0],
  },
  {
    title: 'without an event between voids what it comes between',
    events: [
      [0, 1, 'A'],
      [1, 2, 'X'],
      [2, 3, 'B'],
    ],
    steps: ['A', 'B'],
    options: NO_X,
    counts: [1, 0],
    plainly: [1, 1],
  },
  {
    title: 'without an event between counts what began after it',
    events: [
      [0, 1, 'A'],
      [1, 2, 'X'],
      [2, 3, 'A'],
      [3, 4, 'B'],
    ],
    steps: ['A', 'B'],
    options: NO_X,
    counts: [1, 1],
    plainly: [1, 1],
  },
  {
    title: 'in one session takes no events of two',
    events: [
      [0, 1, 'A', 7],
      [1, 2, 'B', 8],
    ],
    steps: ['A', 'B'],
    options: { oneSession: true },
    counts: [1, 0],
    plainly: [1, 1],
  },
];

for (const { title, events, steps, options, counts, plainly } of optionCases) {
  test(`funnelQuery() ${title}`, async () => {
    await database.load(
      events.map(([time, id, name, session = 0]) => ({ user: 1, time, id, name, session })),
    );
    const question = plainQuestion({ environment: 1, steps, withinMs: options.withinMs });
    assert.deepEqual(await rowsOf(funnelQuery({ ...question, ...options })), [{ counts }]);
    assert.deepEqual(await rowsOf(funnelQuery(question)), [{ counts: plainly }]);
  });
}
