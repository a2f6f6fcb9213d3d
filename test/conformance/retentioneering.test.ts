/**
 * The sessionizer and funnels against a public oracle: PyPI retentioneering, unmodified, with its own sample data. It splits
 * sessions by the same timeout; both begin a session after strictly more than it. What its kinds of funnels are here is said at their tests.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, after as lastly, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ReadRecord } from '#lib/streams/fold-chunk.ts';
import { eventNamed } from '#queries/event-match.ts';
import {
  type FunnelQuestion,
  type FunnelRow,
  type FunnelUserRow,
  funnelQuery,
  funnelUsersQuery,
  PLAIN_FUNNEL,
} from '#queries/funnel.ts';
import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { recordKey } from '#schemas/ids.ts';
import type { Session } from '#schemas/types.ts';
import { emptyRecord } from '../../services/collector/core/input.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { StageRun } from '../model/stage-run.ts';
import { QUESTION_DATABASE, startQuestionDatabase } from '../support/question-database.ts';

const run = promisify(execFile);
const PYTHON = process.platform === 'win32' ? 'python' : 'python3';
const fileHere = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Version that has the data set `simple_shop`; the code is that of the version in the requirements. */
const DATA = 'retentioneering==3.3.0';
const LONGEST_OUTPUT = 64 * 1024 * 1024;
const RECORDS_PER_TRANSACTION = 500;
const HOUR_MS = 3_600_000;

/** An event of the oracle's: its user, its time in epoch ms, and the number of its session among the user's. */
type Split = readonly [user: number, timeMs: number, session: number];
type Counted = {
  readonly kind: 'sequential' | 'closed' | 'open' | 'hybrid';
  readonly steps: readonly string[];
  readonly counts: readonly number[];
};
type Funnels = {
  /** In the order of time, which is that of equal times too. */
  readonly events: readonly (readonly [user: number, timeMs: number, name: string])[];
  readonly counted: readonly Counted[];
};
type Answer = Readonly<Record<'simple_shop' | 'ecom' | 'edges', readonly Split[]>> & {
  readonly funnels: Readonly<Record<'simple_shop' | 'ecom', Funnels>>;
};

let directory: string;
let answer: Answer | undefined;
let reason = '';

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cairn-retentioneering-'));
  const [code, data] = [join(directory, 'code'), join(directory, 'data')];
  // Without dependencies: it wants Jupyter, a server and much more, of which splitting sessions needs none.
  const install = (target: string, ...what: string[]) =>
    run(PYTHON, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-deps',
      '--no-compile',
      '--target',
      target,
      ...what,
    ]);
  try {
    await Promise.all([
      install(code, '--requirement', fileHere('retentioneering-requirements.txt')),
      install(data, '--ignore-requires-python', DATA),
    ]);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    reason = `Cannot install retentioneering: ${(error as Error).message.split('\n', 2).join(' ')}`;
    return;
  }
  const driver = fileHere('retentioneering.driver.py');
  const { stdout } = await run(PYTHON, [driver, code, data], { maxBuffer: LONGEST_OUTPUT });
  answer = JSON.parse(stdout);
});

lastly(() => rm(directory, { recursive: true, force: true }));

/** Events as they come in the log: each so much later than it happened. */
function logOf(splits: readonly Split[], delayMs: (index: number) => number): ReadRecord[] {
  return splits
    .map(([user, timeMs], index) => ({
      ...emptyRecord(),
      source: 'web' as const,
      environment: 1,
      user_id: user,
      device_id: user,
      event_id: index + 1,
      time: timeMs,
      received_at: timeMs + delayMs(index),
    }))
    .sort((a, b) => a.received_at - b.received_at || a.event_id - b.event_id)
    .map((record, index) => ({
      key: recordKey(1, record.device_id),
      value: collectedCodec.encode(record),
      timestampMs: record.received_at,
      offset: BigInt(index),
      origin: { topic: 'events.collected', partition: 0, offset: BigInt(index) },
    }));
}

type Found = {
  readonly user: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly events: readonly number[];
};

/** Sessions as the sessionizer leaves them, with the ids of their events; those of absorbed ones are in their survivor. */
function sessionsOf(log: readonly ReadRecord[]): Found[] {
  const stage = new StageRun(createSessionizer());
  for (let at = 0; at < log.length; at += RECORDS_PER_TRANSACTION)
    stage.take(log.slice(at, at + RECORDS_PER_TRANSACTION));
  const rows = new Map<string, Session>();
  const members = new Map<string, number[]>();
  const nameOf = (device: number, session: number) => `${device}/${session}`;
  const { outputs } = stage.ran();
  for (const { topic, value } of outputs) {
    if (topic !== 'sessions') continue;
    const row = sessionCodec.decode(value);
    rows.set(nameOf(row.device_id, row.session_id), row);
  }
  const finalOf = (device: number, session: number): string => {
    const merged = rows.get(nameOf(device, session))?.merged_into ?? 0;
    return merged === 0 ? nameOf(device, session) : finalOf(device, merged);
  };
  for (const { topic, value } of outputs) {
    if (topic !== 'events.sessionized') continue;
    const { device_id, session_id, event_id, late } = collectedCodec.decode(value);
    assert.equal(late, false);
    const name = finalOf(device_id, session_id);
    members.set(name, [...(members.get(name) ?? []), event_id]);
  }
  return [...members].map(([name, events]) => {
    const row = rows.get(name)!;
    assert.equal(row.event_count, events.length);
    return {
      user: row.device_id,
      startMs: row.started_at,
      endMs: row.ended_at,
      events: events.toSorted((a, b) => a - b),
    };
  });
}

/** The oracle's sessions. */
function expectedOf(splits: readonly Split[]): Found[] {
  const byName = Map.groupBy(splits.entries(), ([, [user, , session]]) => `${user}/${session}`);
  return [...byName.values()].map((events) => {
    const times = events.map(([, [, timeMs]]) => timeMs);
    return {
      user: events[0]![1][0],
      startMs: Math.min(...times),
      endMs: Math.max(...times),
      events: events.map(([index]) => index + 1),
    };
  });
}

const inOrder = (sessions: readonly Found[]) =>
  sessions.toSorted((a, b) => a.user - b.user || a.startMs - b.startMs);

for (const [name, users, sessions] of [
  ['simple_shop', 3751, 6454],
  ['ecom', 600, 3605],
  ['edges', 3, 4],
] as const) {
  test(`the sessions of ${name} are those that retentioneering finds, in order of time and out of it`, (t) => {
    if (answer === undefined) {
      t.skip(reason);
      return;
    }
    const splits = answer[name];
    const expected = inOrder(expectedOf(splits));
    assert.deepEqual([new Set(splits.map(([user]) => user)).size, expected.length], [users, sessions]);
    assert.deepEqual(inOrder(sessionsOf(logOf(splits, () => 0))), expected);
    // Up to twenty hours late, in an order that has nothing to do with time: still within the bound.
    const late = logOf(splits, (index) => (index * 2_654_435_761) % (20 * HOUR_MS));
    assert.deepEqual(inOrder(sessionsOf(late)), expected);
  });
}

/**
 * What each kind of the oracle's funnels is here:
 *
 * - `sequential` (its version 5): a funnel without options.
 * - `closed` (its version 3): `anchor: 'first'`. It differs where two later steps have the same time, which the data does not decide on.
 * - `open`: for each step a funnel of that step alone.
 * - `hybrid`: no option of ours. Who did a step and all before it in any order after the first one is who is in all the funnels
 *   of the first step and one of them, from the first event of all.
 */
for (const name of ['simple_shop', 'ecom'] as const) {
  test(`the funnels of ${name} are those that retentioneering counts`, async (t) => {
    if (answer === undefined) {
      t.skip(reason);
      return;
    }
    const { events, counted } = answer.funnels[name];
    const database = await startQuestionDatabase();
    try {
      await database.load(
        events.map(([user, time, event], index) => ({ user, time, id: index + 1, name: event })),
      );
      const questionOf = (
        steps: readonly string[],
        anchor: FunnelQuestion['anchor'] = 'any',
      ): FunnelQuestion => ({
        ...{ ...PLAIN_FUNNEL, environment: 1, database: QUESTION_DATABASE, accountIdProperty: '' },
        ...{ steps: steps.map(eventNamed), anchor },
      });
      const countsOf = async (question: FunnelQuestion) =>
        (await database.rowsOf<FunnelRow>(funnelQuery(question)))[0]?.counts ?? [];
      const usersOf = async (question: FunnelQuestion) => {
        const place = { reached: question.steps.length, lost: false };
        const rows = await database.rowsOf<FunnelUserRow>(funnelUsersQuery(question, place, 10_000));
        return new Set(rows.map(({ user_id }) => user_id));
      };
      const ours = async ({ kind, steps }: Counted): Promise<readonly number[]> => {
        if (kind === 'sequential') return countsOf(questionOf(steps));
        if (kind === 'closed') return countsOf(questionOf(steps, 'first'));
        const counts: number[] = [];
        let all: ReadonlySet<number | null> | undefined;
        for (const step of steps) {
          const isFirst = all === undefined;
          const hybrid = questionOf(isFirst ? [step] : [steps[0] as string, step], 'first');
          const users = await usersOf(kind === 'open' ? questionOf([step]) : hybrid);
          all = all === undefined || kind === 'open' ? users : all.intersection(users);
          counts.push(all.size);
        }
        return counts;
      };
      assert.equal(counted.length, 48);
      for (const one of counted) assert.deepEqual({ ...one, counts: await ours(one) }, one);
    } finally {
      await database.stop();
    }
  });
}
