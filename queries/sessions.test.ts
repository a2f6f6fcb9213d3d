import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type QuestionDatabase, startQuestionDatabase } from '../test/support/question-database.ts';
import {
  ACCOUNTS,
  aHistory,
  aRange,
  type History,
  isIn,
  loadHistory,
  SCOPE,
  UNSHRUNK,
} from '../test/support/question-history.ts';
import type { SessionsRow } from './answers.ts';
import { eventNamed } from './event-match.ts';
import type { SessionsQuestion } from './questions.ts';
import { sessionsQuery } from './sessions.ts';

const DAY_MS = 86_400_000;

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});

after(() => database.stop());

type Visit = {
  readonly user_id: number;
  readonly device_id: number;
  readonly session_id: number;
  readonly time: number;
  readonly ended_at: number;
  readonly event_count: number;
  readonly pageview_count: number;
  readonly browser: string | null;
};

/** The sessions of a history, as the readers' view would show them: an id is another session on another device. */
function visitsOf({ events }: History): Visit[] {
  const inSession = events.filter(({ session }) => session !== 0);
  return [...Map.groupBy(inSession, ({ device, session }) => `${device} ${session}`).values()].map((mine) => {
    const times = mine.map(({ time }) => time);
    const [{ user, device = 0, session = 0 }] = mine as [(typeof mine)[number]];
    return {
      ...{ user_id: user, device_id: device, session_id: session, event_count: mine.length },
      ...{ time: Math.min(...times), ended_at: Math.max(...times) },
      pageview_count: mine.filter(({ name }) => name === 'A').length,
      browser: (['x', 'y', null] as const)[(device + session) % 3] ?? null,
    };
  });
}

async function load(history: History): Promise<void> {
  await loadHistory(database, history);
  // A session of before any range is asked for, so that there is a column of browsers.
  await database.loadSessions([...visitsOf(history), BEFORE_ALL]);
}

const BEFORE_ALL: Visit = {
  ...{ user_id: 99, device_id: 99, session_id: 1, time: 0, ended_at: 0, event_count: 1, pageview_count: 1 },
  browser: 'z',
};

function periodOf(every: SessionsQuestion['every'], time: number): string {
  const hour = new Date(Math.floor(time / 3_600_000) * 3_600_000);
  if (every === 'hour') return hour.toISOString().replace(':00.000Z', 'Z');
  const day = new Date(Math.floor(time / DAY_MS) * DAY_MS);
  if (every === 'month') day.setUTCDate(1);
  while (every === 'week' && day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

function figuresOf(visits: readonly Visit[]): SessionsRow {
  const durations = visits
    .map(({ time, ended_at }) => (ended_at - time) / 1000)
    .sort((one, other) => one - other);
  const average = (numbers: readonly number[]) =>
    numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return {
    sessions: visits.length,
    users: new Set(visits.map(({ user_id }) => user_id)).size,
    median_duration_s: durations[Math.floor(durations.length / 2)] ?? null,
    average_duration_s: rounded(average(durations)),
    events_per_session: average(visits.map(({ event_count }) => event_count)),
    pageviews_per_session: average(visits.map(({ pageview_count }) => pageview_count)),
    bounced: visits.filter(({ event_count }) => event_count === 1).length,
  };
}

/** Sums of durations depend on their order in the last digits. */
const rounded = (number: number | null) => (number === null ? null : Math.round(number * 1e6) / 1e6);

function expectedRows(history: History, question: SessionsQuestion): SessionsRow[] {
  const { every, by, among, top = 10 } = question;
  const didB = (user: number) =>
    history.events.some((event) => event.user === user && event.name === 'B' && isIn(question, event.time));
  const found = visitsOf(history).filter(
    ({ user_id, time }) => isIn(question, time) && (among === undefined || didB(user_id)),
  );
  const splitOf = ({ user_id, browser }: Visit) => {
    if (by?.of === 'session') return browser;
    const known = history.users.find((user) => user.user_id === user_id);
    if (by?.of === 'user') return known?.plan ?? null;
    return ACCOUNTS.find(({ account_id }) => account_id === known?.account_id)?.region ?? null;
  };
  const ranked = [...Map.groupBy(found, splitOf)]
    .sort(
      ([left, few], [right, many]) =>
        many.length - few.length ||
        Number(left === null) - Number(right === null) ||
        (String(left) < String(right) ? -1 : 1),
    )
    .map(([value]) => value);
  const placeOf = (visit: Visit) => Math.min(ranked.indexOf(splitOf(visit)), top);
  const keyOf = (visit: Visit) =>
    JSON.stringify([
      every === undefined ? '' : periodOf(every, visit.time),
      by === undefined ? '' : String(placeOf(visit)).padStart(4, '0'),
    ]);
  if (every === undefined && by === undefined) return [figuresOf(found)];
  return [...Map.groupBy(found, keyOf)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, visits]) => {
      const [visit] = visits as [Visit];
      const others = placeOf(visit) === top;
      return {
        ...(every === undefined ? {} : { period: periodOf(every, visit.time) }),
        ...(by === undefined ? {} : { value: others ? null : splitOf(visit), others }),
        ...figuresOf(visits),
      };
    });
}

const aQuestion: fc.Arbitrary<SessionsQuestion> = fc
  .record(
    {
      every: fc.constantFrom('hour', 'day', 'week', 'month'),
      by: fc.constantFrom(
        { of: 'session', name: 'browser' },
        { of: 'user', name: 'plan' },
        { of: 'account', name: 'region' },
      ),
      top: fc.integer({ min: 1, max: 3 }),
      among: fc.constant({ hold: 'all', rules: [{ did: eventNamed('B') }] }),
    },
    { requiredKeys: [] },
  )
  .chain((question) =>
    aRange.map(({ fromMs = DAY_MS, toMs }) => ({ ...SCOPE, ...question, fromMs, toMs }) as SessionsQuestion),
  );

test('sessionsQuery() counts what counting session by session counts', async () => {
  await fc.assert(
    fc.asyncProperty(
      aHistory,
      fc.array(aQuestion, { minLength: 10, maxLength: 10 }),
      async (history, questions) => {
        await load(history);
        for (const question of questions) {
          const rows = await database.rowsOf<SessionsRow>(sessionsQuery(question));
          const found = rows.map((row) => ({ ...row, average_duration_s: rounded(row.average_duration_s) }));
          assert.deepEqual(found, expectedRows(history, question), JSON.stringify(question));
        }
      },
    ),
    { numRuns: 12, ...UNSHRUNK },
  );
});

test('sessionsQuery() takes a range by the start of a session, the end exclusive', async () => {
  const visit = (session_id: number, time: number, lengthMs: number, event_count: number): Visit => ({
    ...{ ...BEFORE_ALL, session_id, time, ended_at: time + lengthMs, event_count },
  });
  const [first, second, third] = [DAY_MS, DAY_MS + 1, 2 * DAY_MS];
  await database.loadSessions([visit(1, first, 0, 1), visit(2, second, 2500, 4), visit(3, third, 60_000, 7)]);
  const [all] = await database.rowsOf<SessionsRow>(sessionsQuery(SCOPE));
  assert.deepEqual(all, {
    ...{ sessions: 3, users: 1, median_duration_s: 2.5, average_duration_s: 62.5 / 3 },
    ...{ events_per_session: 4, pageviews_per_session: 1, bounced: 1 },
  });
  const [some] = await database.rowsOf<SessionsRow>(sessionsQuery({ ...SCOPE, fromMs: second, toMs: third }));
  assert.equal(some?.sessions, 1);
});

test('sessionsQuery() knows no duration where there are no sessions', async () => {
  const nothing = {
    ...{ sessions: 0, users: 0, median_duration_s: null, average_duration_s: null },
    ...{ events_per_session: null, pageviews_per_session: null, bounced: 0 },
  };
  assert.deepEqual(await database.rowsOf(sessionsQuery({ ...SCOPE, toMs: 0 })), [nothing]);
});

test('sessionsQuery() refuses to split by what a session has not', () => {
  const event: SessionsQuestion = { ...SCOPE, by: { of: 'event', name: 'plan' } };
  assert.throws(() => sessionsQuery(event), /Cannot tell users by "plan"/);
  const account: SessionsQuestion = {
    ...SCOPE,
    accountIdProperty: '',
    by: { of: 'account', name: 'region' },
  };
  assert.throws(() => sessionsQuery(account), /Cannot ask for accounts/);
});
