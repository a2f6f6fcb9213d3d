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
import type { PathRow } from './answers.ts';
import { type EventMatch, eventNamed } from './event-match.ts';
import { pathsQuery } from './paths.ts';
import type { PathsQuestion } from './questions.ts';

const DAY_MS = 86_400_000;

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

/** Where a plan is asked for, of the matches that are used here. */
function fits({ anyOf }: EventMatch, event: QuestionEvent): boolean {
  return anyOf.some(
    ({ names = [event.name], where = [] }) =>
      names.includes(event.name) && (where.length === 0 || event.properties?.['plan'] === 'pro'),
  );
}

type Step = { readonly at: number; readonly id: number; readonly label: string; readonly isPoint: boolean };

function stepsOf(events: readonly QuestionEvent[], { point, steps, collapse }: PathsQuestion): Step[] {
  const found: Step[] = [];
  for (const event of events) {
    const isPoint = fits(point, event);
    const step = steps.find((one) => fits(one, event));
    if (steps.length > 0 && step === undefined && !isPoint) continue;
    const label = steps.length === 0 ? event.name : (step ?? point).label;
    found.push({ at: event.time, id: event.id, label, isPoint });
  }
  found.sort(
    (one, other) =>
      one.at - other.at ||
      one.id - other.id ||
      (one.label === other.label
        ? Number(one.isPoint) - Number(other.isPoint)
        : one.label < other.label
          ? -1
          : 1),
  );
  return found.filter(({ label, isPoint }, index) => {
    const before = found[index - 1];
    return !collapse || before === undefined || before.label !== label || before.isPoint !== isPoint;
  });
}

function expectedRows({ events }: History, question: PathsQuestion): PathRow[] {
  const { point, direction, depth, top, oneSession, withinMs = Number.POSITIVE_INFINITY } = question;
  const walks = new Map<string, { steps: string[]; users: number[] }>();
  const inRange = events.filter(
    ({ time, session = 0 }) => isIn(question, time) && !(oneSession && session === 0),
  );
  const trails = Map.groupBy(inRange, ({ user, device, session }) =>
    oneSession ? `${device} ${session}` : String(user),
  );
  for (const mine of trails.values()) {
    const steps = stepsOf(mine, question);
    for (const [index, start] of steps.entries()) {
      if (!start.isPoint) continue;
      const walk = [point.label];
      for (let n = 1; n <= depth; n += 1) {
        const next = steps[direction === 'after' ? index + n : index - n];
        if (next === undefined || Math.abs(next.at - start.at) > withinMs) break;
        if (direction === 'after') walk.push(next.label);
        else walk.unshift(next.label);
      }
      const known = walks.getOrInsertComputed(JSON.stringify(walk), () => ({ steps: walk, users: [] }));
      known.users.push((mine[0] as QuestionEvent).user);
    }
  }
  const ranked = [...walks.values()].sort(
    (one, other) => other.users.length - one.users.length || compare(one.steps, other.steps),
  );
  const row = (steps: readonly string[], users: readonly number[], others: boolean) => ({
    ...{ steps, paths: users.length, users: new Set(users).size, others },
  });
  const rest = ranked.slice(top).flatMap(({ users }) => users);
  return [
    ...ranked.slice(0, top).map(({ steps, users }) => row(steps, users, false)),
    ...(rest.length === 0 ? [] : [row([], rest, true)]),
  ];
}

function compare(one: readonly string[], other: readonly string[]): number {
  for (const [index, label] of one.entries()) {
    const against = other[index];
    if (against === undefined) return 1;
    if (label !== against) return label < against ? -1 : 1;
  }
  return one.length - other.length;
}

const A_OF_PRO: EventMatch = {
  label: 'A of pro',
  anyOf: [
    { names: ['A'], where: [{ property: { of: 'event', name: 'plan' }, is: 'one of', values: ['pro'] }] },
  ],
};
const A_OR_B: EventMatch = { label: 'A or B', anyOf: [{ names: ['A'] }, { names: ['B'] }] };

const aQuestion: fc.Arbitrary<PathsQuestion> = fc
  .record(
    {
      point: fc.constantFrom(eventNamed('A'), A_OF_PRO, A_OR_B),
      direction: fc.constantFrom('after', 'before'),
      steps: fc.constantFrom(
        [],
        [eventNamed('B')],
        [A_OF_PRO, eventNamed('A'), eventNamed('C')],
        [A_OR_B, eventNamed('B')],
      ),
      depth: fc.integer({ min: 1, max: 4 }),
      top: fc.constantFrom(2, 100),
      oneSession: fc.boolean(),
      withinMs: fc.constantFrom(0, DAY_MS, 3 * DAY_MS),
      collapse: fc.boolean(),
    },
    { requiredKeys: ['point', 'direction', 'steps', 'depth', 'top', 'oneSession', 'collapse'] },
  )
  .chain((question) => aRange.map((range) => ({ ...SCOPE, ...question, ...range }) as PathsQuestion));

test('pathsQuery() counts what following each occurrence of the point counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 12, maxLength: 12 }),
      async (history, questions) => {
        await loadHistory(database, history);
        for (const question of questions) {
          const rows = await database.rowsOf(pathsQuery(question));
          assert.deepEqual(rows, expectedRows(history, question), JSON.stringify(question));
        }
      },
    ),
    { numRuns: 10, ...UNSHRUNK },
  );
});

const QUESTION: PathsQuestion = {
  ...SCOPE,
  point: eventNamed('point'),
  direction: 'after',
  steps: [],
  depth: 3,
  top: 10,
  oneSession: false,
  collapse: false,
};

test('pathsQuery() begins a path at every occurrence, within another one too', async () => {
  const names = ['A', 'point', 'A', 'B', 'point', 'B', 'B'];
  await database.load(names.map((name, index) => ({ user: 1, time: index, id: index + 1, name })));
  const steps = async (question: Partial<PathsQuestion>) =>
    (await database.rowsOf<PathRow>(pathsQuery({ ...QUESTION, ...question }))).map((row) => row.steps);
  assert.deepEqual(await steps({}), [
    ['point', 'A', 'B', 'point'],
    ['point', 'B', 'B'],
  ]);
  assert.deepEqual(await steps({ collapse: true }), [
    ['point', 'A', 'B', 'point'],
    ['point', 'B'],
  ]);
});

test('pathsQuery() holds 200 000 occurrences of one user', async () => {
  await database.load([]);
  await database.clickhouse.command({
    query: `INSERT INTO cairn.resolved_events (environment, user_id, device_id, event_id, time, name, event_table_name)
      SELECT 1, 1, 1, number + 1, fromUnixTimestamp64Milli(toInt64(number), 'UTC'), 'point', 'point' FROM numbers(200000)`,
  });
  const query = pathsQuery({ ...QUESTION, depth: 10, top: 1 });
  assert.deepEqual(await database.rowsOf(query), [
    { steps: Array.from({ length: 11 }, () => 'point'), paths: 199_990, users: 1, others: false },
    { steps: [], paths: 10, users: 1, others: true },
  ]);
});

test('pathsQuery() refuses no step, too many, and too many paths', () => {
  for (const part of [{ depth: 0 }, { depth: 11 }, { top: 0 }, { top: 1001 }]) {
    assert.throws(() => pathsQuery({ ...QUESTION, ...part }), RangeError, JSON.stringify(part));
  }
  const steps = Array.from({ length: 64 }, () => eventNamed('A'));
  assert.throws(() => pathsQuery({ ...QUESTION, steps }), RangeError);
});
