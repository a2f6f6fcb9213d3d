import fc from 'fast-check';
import type { QuestionScope } from '#queries/question-scope.ts';
import { QUESTION_DATABASE, type QuestionDatabase, type QuestionEvent } from './question-database.ts';

const DAY_MS = 86_400_000;

/** Days around the ends of months, a leap day and weeks: 12 and 26 February 2024 are Mondays. */
const DAYS = [
  ...[Date.UTC(2024, 0, 1), Date.UTC(2024, 0, 31), Date.UTC(2024, 1, 1), Date.UTC(2024, 1, 11)],
  ...[Date.UTC(2024, 1, 12), Date.UTC(2024, 1, 25), Date.UTC(2024, 1, 26), Date.UTC(2024, 1, 28)],
  ...[Date.UTC(2024, 1, 29), Date.UTC(2024, 2, 1), Date.UTC(2024, 2, 4), Date.UTC(2024, 2, 31)],
];

/** Few times in a day, so that events tie, and lie on both sides of each bound. */
const TIMES_OF_DAY = [0, 1, DAY_MS / 2, DAY_MS / 2 + 1, DAY_MS - 1];

const A_TIME = fc
  .tuple(fc.constantFrom(...DAYS), fc.constantFrom(...TIMES_OF_DAY))
  .map(([day, time]) => day + time);

/** Names of events; one holds what no SQL text may. */
export const NAMES = ['A', 'B', 'C', "it's {x:String}"] as const;

/** What is known of a user; the last two never did anything. */
export type KnownUser = {
  readonly user_id: number;
  readonly identity: string | null;
  readonly account_id: string | null;
  readonly plan: string | null;
};

export type History = {
  readonly events: readonly QuestionEvent[];
  readonly users: readonly KnownUser[];
};

/** Accounts by their id, with what is known of them; nobody is of the last. */
export const ACCOUNTS = [
  { account_id: 'acme', region: 'north' },
  { account_id: 'bolt', region: 'south' },
  { account_id: 'core', region: null },
  { account_id: 'dust', region: 'north' },
] as const;

/**
 * For properties over histories: what fails is told as it was drawn. Shrinking it asks hundreds of questions, which takes minutes; to
 * have it shrunk, leave this out and give the seed.
 */
export const UNSHRUNK = { endOnFailure: true } as const;

/** Where the events of a history are. */
export const SCOPE: QuestionScope = {
  environment: 1,
  database: QUESTION_DATABASE,
  accountIdProperty: 'company',
};

const USERS = 8;
const BYSTANDERS = 2;

/** What an event says of its plan and its total, which is a text that is no finite number now and then: of (time, id) alone, so that ties have the same. */
export function propertiesOf({ time, id }: { time: number; id: number }): Record<string, string | number> {
  const plan = (['free', 'pro', undefined, 'team'] as const)[(time + id) % 4];
  const total = ([undefined, 0, 2.5, 'inf', -4, 10] as const)[(time + 3 * id) % 6];
  return { ...(plan === undefined ? {} : { plan }), ...(total === undefined ? {} : { total }) };
}

/** A user has two devices, whose sessions have the same ids; some events have none. Events are repeated now and then. */
const anEvent = fc
  .record({
    user: fc.integer({ min: 1, max: USERS }),
    second: fc.boolean(),
    session: fc.integer({ min: 0, max: 2 }),
    time: A_TIME,
    id: fc.integer({ min: 1, max: 4 }),
    name: fc.constantFrom(...NAMES),
  })
  .map(({ second, ...event }) => ({
    ...event,
    device: event.user + (second ? 100 : 0),
    properties: propertiesOf(event),
  }));

/** The last one has a plan, so that `users` has such a column. */
const usersOf = fc.tuple(
  ...Array.from({ length: USERS + BYSTANDERS }, (_, index) =>
    fc.record({
      user_id: fc.constant(index + 1),
      identity: fc.constantFrom(null, `user${index + 1}@example.com`),
      account_id: fc.constantFrom(null, 'acme', 'bolt', 'core'),
      plan: index === USERS + BYSTANDERS - 1 ? fc.constant('pro') : fc.constantFrom(null, 'free', 'pro'),
    }),
  ),
);

/** Random events of a few users, what is known of these, and of some who did nothing. */
export const aHistory: fc.Arbitrary<History> = fc.record({
  // Of its own fast-check makes a dozen at most.
  events: fc.oneof(
    fc.array(anEvent, { maxLength: 25, size: 'max' }),
    fc.array(anEvent, { maxLength: 120, size: 'max' }),
  ),
  users: usersOf,
});

/** Ranges that begin and end on events' times: often all, often some, at times nothing. */
export const aRange = fc.record({ fromMs: A_TIME, toMs: A_TIME }, { requiredKeys: [] }) as fc.Arbitrary<
  Pick<QuestionScope, 'fromMs' | 'toMs'>
>;

/** Replaces what the database has. */
export async function loadHistory(database: QuestionDatabase, { events, users }: History): Promise<void> {
  await database.load(events);
  await database.loadUsers(users.map((user) => ({ ...user, joindate: 0 })));
  await database.loadAccounts(ACCOUNTS.map((account) => ({ ...account, user_count: 0 })));
  await database.loadSessions([]);
}

/** Whether a time is in a range. */
export function isIn(
  {
    fromMs = Number.NEGATIVE_INFINITY,
    toMs = Number.POSITIVE_INFINITY,
  }: Pick<QuestionScope, 'fromMs' | 'toMs'>,
  time: number,
): boolean {
  return time >= fromMs && time < toMs;
}

/** Order in time, ties by event id. */
export function inOrder(left: QuestionEvent, right: QuestionEvent): number {
  return left.time - right.time || left.id - right.id;
}
