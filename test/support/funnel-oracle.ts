/** Funnels by trying: what queries/funnel.ts is to answer, worked out from its docstring in the slowest way there is. */
import type { Condition, EventMatch } from '#queries/event-match.ts';
import type { PropertyRef } from '#queries/property-ref.ts';
import type { FunnelQuestion, Period } from '#queries/questions.ts';
import type { QuestionEvent, QuestionRow } from './question-database.ts';

/** Rows of readers' tables beside the events. */
export type People = {
  readonly users: readonly QuestionRow[];
  readonly sessions: readonly QuestionRow[];
  readonly accounts: readonly QuestionRow[];
};

export type OracleRow = {
  period?: string;
  value?: string | null;
  others?: boolean;
  counts: number[];
  betweenMs?: (number | null)[][];
  wholeMs?: (number | null)[];
};

/** Events of step 1, 2, ... */
type Attempt = readonly QuestionEvent[];

/** What a subject counts with. */
export type Best = { readonly subject: string; readonly period: string; readonly attempt: Attempt };

export function isLater(event: QuestionEvent, than: QuestionEvent): boolean {
  return event.time > than.time || (event.time === than.time && event.id > than.id);
}

const deviceOf = ({ user, device = user }: QuestionEvent) => device;
const sessionOf = ({ session = 0 }: QuestionEvent) => session;

function accountOf(event: QuestionEvent, { users }: People): string | null {
  return (users.find(({ user_id }) => user_id === event.user)?.['account_id'] ?? null) as string | null;
}

export function propertyOf(event: QuestionEvent, { of, name }: PropertyRef, people: People): string | null {
  const textOf = (row: Readonly<Record<string, unknown>> | undefined) =>
    row?.[name] === undefined || row[name] === null ? null : String(row[name]);
  switch (of) {
    case 'event':
      return textOf(event.properties);
    case 'field':
      return textOf(event.fields) || null;
    case 'user':
      return textOf(people.users.find(({ user_id }) => user_id === event.user));
    case 'account':
      return textOf(people.accounts.find(({ account_id }) => account_id === accountOf(event, people)));
    case 'session':
      return textOf(
        people.sessions.find(
          ({ device_id, session_id }) => device_id === deviceOf(event) && session_id === sessionOf(event),
        ),
      );
  }
}

function meets(value: string | null, condition: Condition): boolean {
  switch (condition.is) {
    case 'known':
      return value !== null;
    case 'unknown':
      return value === null;
    case 'one of':
      return value !== null && condition.values.includes(value);
    case 'none of':
      return value === null || !condition.values.includes(value);
    case 'containing':
      return value?.includes(condition.value) ?? false;
    case 'starting with':
      return value?.startsWith(condition.value) ?? false;
    case 'ending with':
      return value?.endsWith(condition.value) ?? false;
    case 'matching':
      return value !== null && new RegExp(condition.value).test(value);
  }
  const number = value === null || value === '' ? Number.NaN : Number(value);
  switch (condition.is) {
    case 'less than':
      return number < condition.value;
    case 'at most':
      return number <= condition.value;
    case 'more than':
      return number > condition.value;
    case 'at least':
      return number >= condition.value;
  }
}

export function fits(event: QuestionEvent, { anyOf }: EventMatch, people: People): boolean {
  return anyOf.some(
    ({ names, where = [] }) =>
      (names === undefined || names.includes(event.name)) &&
      where.every((condition) => meets(propertyOf(event, condition.property, people), condition)),
  );
}

type Fits = (event: QuestionEvent, match: EventMatch) => boolean;

/** Whether an attempt that has got as far as this may be one. */
function isAllowed(attempt: Attempt, all: readonly QuestionEvent[], question: FunnelQuestion, fits: Fits) {
  const { order, exclusions, withinMs = Number.POSITIVE_INFINITY } = question;
  const [first, last] = [attempt[0] as QuestionEvent, attempt.at(-1) as QuestionEvent];
  const between = (from: QuestionEvent | undefined, to: QuestionEvent | undefined) =>
    from === undefined || to === undefined
      ? []
      : all.filter((event) => isLater(event, from) && isLater(to, event));
  if (last.time - first.time > withinMs) return false;
  if (order === 'next' && between(attempt.at(-2), last).length > 0) return false;
  return !exclusions.some(({ event, after, before }) =>
    between(attempt[after - 1], attempt[before - 1]).some((one) => fits(one, event)),
  );
}

function* inOrder(all: readonly QuestionEvent[], question: FunnelQuestion, fits: Fits): Generator<Attempt> {
  const { steps } = question;
  function* extend(attempt: Attempt): Generator<Attempt> {
    if (attempt.length > 0) yield attempt;
    const step = steps[attempt.length];
    const last = attempt.at(-1);
    if (step === undefined) return;
    for (const event of all) {
      if (!fits(event, step) || (last !== undefined && !isLater(event, last))) continue;
      const longer = [...attempt, event];
      if (isAllowed(longer, all, question, fits)) yield* extend(longer);
    }
  }
  yield* extend([]);
}

function* fromFirst(all: readonly QuestionEvent[], question: FunnelQuestion, fits: Fits): Generator<Attempt> {
  const attempt: QuestionEvent[] = [];
  for (const step of question.steps) {
    const from = attempt.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    const found = all
      .filter((event) => event.time >= from && fits(event, step))
      .reduce<QuestionEvent | undefined>(
        (least, event) => (least === undefined || isLater(least, event) ? event : least),
        undefined,
      );
    if (found === undefined) return;
    attempt.push(found);
    if (!isAllowed(attempt, all, question, fits)) return;
    yield [...attempt];
  }
}

/** The most steps that can be given an event of their own, by augmenting paths. */
function mostMatched(events: readonly QuestionEvent[], steps: readonly EventMatch[], fits: Fits): number {
  const eventOf: (number | undefined)[] = steps.map(() => undefined);
  const place = (event: number, tried: Set<number>): boolean =>
    steps.some((step, index) => {
      if (tried.has(index) || !fits(events[event] as QuestionEvent, step)) return false;
      tried.add(index);
      const other = eventOf[index];
      if (other !== undefined && !place(other, tried)) return false;
      eventOf[index] = event;
      return true;
    });
  return events.filter((_, event) => place(event, new Set())).length;
}

function* inAnyOrder(
  all: readonly QuestionEvent[],
  question: FunnelQuestion,
  fits: Fits,
): Generator<Attempt> {
  const { steps, withinMs = Number.POSITIVE_INFINITY } = question;
  const inTurn = all
    .filter((event) => steps.some((step) => fits(event, step)))
    .sort((one, other) => one.time - other.time || one.id - other.id);
  for (const [index, first] of inTurn.entries()) {
    const stretch = inTurn.slice(index).filter(({ time }) => time - first.time <= withinMs);
    const attempt: QuestionEvent[] = [];
    for (const [at, event] of stretch.entries()) {
      if (mostMatched(stretch.slice(0, at + 1), steps, fits) <= attempt.length) continue;
      attempt.push(event);
      yield [...attempt];
    }
  }
}

/** Whether one attempt is to be chosen rather than another. */
function isBetter(one: Attempt, other: Attempt): boolean {
  if (one.length !== other.length) return one.length > other.length;
  const last = one.length - 1;
  for (const index of [last, 0, ...one.keys()]) {
    const [event, another] = [one[index] as QuestionEvent, other[index] as QuestionEvent];
    // The last as early, the first as late, the others as early as can be.
    if (isLater(event, another)) return index === 0 && last !== 0;
    if (isLater(another, event)) return index !== 0 || last === 0;
  }
  return false;
}

export function periodOf(every: Period | undefined, time: number): string {
  if (every === undefined) return '';
  const text = new Date(time).toISOString();
  if (every === 'hour') return `${text.slice(0, 13)}:00Z`;
  if (every === 'day') return text.slice(0, 10);
  if (every === 'month') return `${text.slice(0, 7)}-01`;
  const sinceMonday = (new Date(time).getUTCDay() + 6) % 7;
  return new Date(time - sinceMonday * 86_400_000).toISOString().slice(0, 10);
}

/** The best attempt of each subject, in each period. */
export function bestAttempts(
  question: FunnelQuestion,
  events: readonly QuestionEvent[],
  people: People,
): Best[] {
  const { subject, oneSession, order, anchor, every } = question;
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = question;
  const test: Fits = (event, match) => fits(event, match, people);
  const session = (event: QuestionEvent) =>
    sessionOf(event) === 0 ? null : `${deviceOf(event)}/${sessionOf(event)}`;
  const subjectOf = (event: QuestionEvent) =>
    subject === 'user'
      ? String(event.user)
      : subject === 'account'
        ? accountOf(event, people)
        : session(event);
  const inRange = events.filter(({ time }) => time >= fromMs && time < toMs);
  const attemptsOf = order === 'any' ? inAnyOrder : anchor === 'first' ? fromFirst : inOrder;
  const bests: Best[] = [];
  for (const [name, mine] of Map.groupBy(inRange, subjectOf)) {
    if (name === null) continue;
    const found = new Map<string, Attempt>();
    const sessions = Map.groupBy(mine, (event) => (oneSession ? session(event) : ''));
    const bySession = [...sessions]
      .filter(([key]) => key !== null)
      .sort(([, [one]], [, [other]]) =>
        one === undefined || other === undefined
          ? 0
          : deviceOf(one) - deviceOf(other) || sessionOf(one) - sessionOf(other),
      );
    for (const [, own] of bySession) {
      const bestOfSession = new Map<string, Attempt>();
      for (const attempt of attemptsOf(own, question, test)) {
        const period = periodOf(every, (attempt[0] as QuestionEvent).time);
        const best = bestOfSession.get(period);
        if (best === undefined || isBetter(attempt, best)) bestOfSession.set(period, attempt);
      }
      for (const [period, attempt] of bestOfSession) {
        const best = found.get(period);
        // Of two sessions that begin and end alike the one of the lesser ids.
        const ends = (one: Attempt) =>
          (one.length === 1 ? one : [one[0], ...one.slice(1, -1).map(() => one[0]), one.at(-1)]) as Attempt;
        if (best === undefined || isBetter(ends(attempt), ends(best))) found.set(period, attempt);
      }
    }
    for (const [period, attempt] of found) bests.push({ subject: name, period, attempt });
  }
  return bests;
}

const QUANTILES = [0.25, 0.5, 0.75, 0.9];

function quantiles(values: readonly number[]): (number | null)[] {
  const sorted = values.toSorted((one, other) => one - other);
  return QUANTILES.map((level) => {
    if (sorted.length === 0) return null;
    const place = level * (sorted.length - 1);
    const below = sorted[Math.floor(place)] as number;
    return below + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] as number) - below);
  });
}

/** The rows that funnelQuery() is to answer, in their order. */
export function funnelOracle(
  question: FunnelQuestion,
  events: readonly QuestionEvent[],
  people: People,
): OracleRow[] {
  const { steps, by, every, times, top = 10 } = question;
  const bests = bestAttempts(question, events, people).map((best) => {
    const event = by === undefined ? undefined : best.attempt[by.step - 1];
    return {
      ...best,
      value: by === undefined || event === undefined ? null : propertyOf(event, by.property, people),
    };
  });
  const rowOf = (some: readonly Best[]): OracleRow => {
    const all = some.map(({ attempt }) => attempt).filter(({ length }) => length === steps.length);
    const span = (from: number, to: number) =>
      quantiles(all.map((attempt) => (attempt[to]?.time ?? 0) - (attempt[from]?.time ?? 0)));
    return {
      counts: steps.map((_, index) => some.filter(({ attempt }) => attempt.length > index).length),
      ...(times
        ? {
            betweenMs: steps.slice(1).map((_, index) => span(index, index + 1)),
            wholeMs: span(0, steps.length - 1),
          }
        : {}),
    };
  };
  const byPeriod = (some: typeof bests): OracleRow[] =>
    [...Map.groupBy(some, ({ period }) => period)]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([period, own]) => ({ ...(every === undefined ? {} : { period }), ...rowOf(own) }));
  if (by === undefined) return every === undefined ? [rowOf(bests)] : byPeriod(bests);
  const values = [...Map.groupBy(bests, ({ value }) => value)].sort(
    ([one, some], [other, others]) =>
      others.length - some.length || (one === null ? 1 : other === null ? -1 : one < other ? -1 : 1),
  );
  const rows = values
    .slice(0, top)
    .flatMap(([value, own]) => byPeriod(own).map((row) => ({ value, others: false, ...row })));
  const rest = values.slice(top).flatMap(([, own]) => own);
  return [...rows, ...byPeriod(rest).map((row) => ({ value: null, others: true, ...row }))];
}
