/** What readers are told: events, sessions and property changes by the user they belong to, ids resolved. */

import { DEFAULT_IDENTIFY_LIMIT } from '#lib/config/environments.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { countBindings } from '../../services/loader/core/bindings.ts';
import { type ModelBinding, verdictsOf } from './binding-oracle.ts';
import { mergedOf } from './merger-oracle.ts';
import { type Published, partitionsOf } from './pipeline-run.ts';
import { toldSessions, type Visit, visitsOf, whatEventsSay } from './session-oracle.ts';

/** Answers by environment and user; events and changes by event id. */
export type Answers = Record<string, { events: number[]; changes: number[]; sessions: SessionAnswer[] }>;

type SessionAnswer = Partial<Session> & { readonly events: number[] };

type Known = {
  readonly events: readonly Collected[];
  readonly changes: readonly Collected[];
  readonly bindings: readonly (ModelBinding & { readonly environment: number })[];
  readonly sessions: readonly (readonly [row: Partial<Session>, events: readonly number[]])[];
};

type Judge = (
  all: Known['bindings'],
  canonical: ReadonlySet<number>,
) => ReadonlySet<Known['bindings'][number]>;

/** What readers find of what the stages published, verdicts by the loader's core. */
export function answersOf({ events, changes, bindings, sessions }: Published): Answers {
  const parts = new Map(sessions.map((row) => [`${idOf(row)}/${row.opened_at}`, row]));
  const leads = new Map(
    sessions.filter(({ merged_into }) => merged_into !== 0).map((row) => [idOf(row), row]),
  );
  const toldId = (one: Name) =>
    idOf({ ...one, session_id: leads.get(idOf(one))?.merged_into ?? one.session_id });
  const rows = Map.groupBy(
    [...parts.values()].filter(({ merged_into }) => merged_into === 0),
    toldId,
  );
  // A server may name a client's session: its events are shown there, and are not counted in it.
  const ofClients = events.filter(({ source }) => source !== 'server');
  const seen = Map.groupBy(ofClients, toldId);
  return answer(
    {
      events,
      changes,
      bindings: bindings.map(({ environment, from_user_id, to_user_id, bound_at, source }) => ({
        environment,
        fromUserId: from_user_id,
        toUserId: to_user_id,
        boundAtMs: bound_at,
        source,
      })),
      sessions: [...rows].map(([name, own]) => [
        { ...addedUp(own), session_id: Number(name.split('/')[2]) },
        (seen.get(name) ?? []).map(({ event_id }) => event_id),
      ]),
    },
    (all, canonical) =>
      new Set(
        countBindings(all, canonical, DEFAULT_IDENTIFY_LIMIT).flatMap(({ binding, counts }) =>
          counts ? [binding as (typeof all)[number]] : [],
        ),
      ),
  );
}

/** The same from the log and the naive models alone. */
export function wantedOf(log: readonly Collected[], partitions: number): Answers {
  const merged = partitionsOf(log, partitions).map((own, partition) =>
    mergedOf(
      own.map((record, offset) => ({ offset, record, isJunk: false })),
      { partition },
    ),
  );
  const forwarded = (topic: string) =>
    merged.map((own) => own.flatMap(({ forwarded: to }) => (to?.topic === topic ? [to.record] : [])));
  const visited = forwarded('events.identified').map((own) => visitsOf(own));
  return answer(
    {
      events: visited.flatMap(({ placed }) => placed.map(({ record }) => record)),
      changes: forwarded('profile.changes').flat(),
      bindings: merged.flat().flatMap(({ migration }) => {
        if (migration === undefined) return [];
        const { environment, from_user_id, to_user_id, bound_at, source } = migration;
        return [{ environment, fromUserId: from_user_id, toUserId: to_user_id, boundAtMs: bound_at, source }];
      }),
      sessions: visited.flatMap(({ visits }) =>
        toldSessions(visits).map(({ id, parts, events }) => {
          const [{ seed, isLate }] = parts.toSorted((a, b) => a.openedMs - b.openedMs || a.id - b.id) as [
            Visit,
          ];
          const { environment, device_id } = seed;
          const row = { environment, device_id, session_id: id, late: isLate, ...whatEventsSay(events) };
          return [row, events.map(({ event_id }) => event_id)] as const;
        }),
      ),
    },
    (all, canonical) =>
      new Set([...verdictsOf(all, canonical)].flatMap(([own, reason]) => (reason === '' ? [own] : []))),
  );
}

type Name = Pick<Session, 'environment' | 'device_id' | 'session_id'>;
const idOf = ({ environment, device_id, session_id }: Name) => `${environment}/${device_id}/${session_id}`;

/** What readers are told of the parts of a session; of the two that tie over what describes it, the first counts. */
function addedUp(parts: readonly Session[]): Partial<Session> {
  const by = (...keys: ((part: Session) => number)[]) =>
    parts.toSorted((a, b) => keys.map((key) => key(a) - key(b)).find((order) => order !== 0) ?? 0)[0]!;
  const opened = by(
    ({ opened_at }) => opened_at,
    ({ session_id }) => session_id,
  );
  const first = by(
    ({ started_at }) => started_at,
    ({ event_id }) => event_id,
  );
  const described = by(
    ({ pageview_count }) => (pageview_count > 0 ? 0 : 1),
    (part) => (part.pageview_count > 0 ? part.first_pageview_at : part.started_at),
    (part) => (part.pageview_count > 0 ? part.first_pageview_event_id : part.event_id),
  );
  const {
    user_id,
    merged_into,
    absorbed,
    absorbed_opened_at,
    gap,
    updated_at,
    opened_at,
    extended_at,
    ...rest
  } = described;
  const sum = (of: (part: Session) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    ...rest,
    late: opened.late,
    event_id: first.event_id,
    started_at: first.started_at,
    ended_at: Math.max(...parts.map(({ ended_at }) => ended_at)),
    event_count: sum(({ event_count }) => event_count),
    pageview_count: sum(({ pageview_count }) => pageview_count),
  };
}

const ascending = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

/** Everything is resolved from its device, as the views do it. Users with nothing are not there. */
function answer({ events, changes, bindings, sessions }: Known, judge: Judge): Answers {
  const users = new Map<string, number>();
  const environments = new Set(bindings.map(({ environment }) => environment));
  for (const environment of environments) {
    const own = bindings.filter((binding) => binding.environment === environment);
    const named = [...events, ...changes].filter((record) => record.environment === environment);
    // Known identities: those that somebody was bound to, and those that a record named alone.
    const canonical = new Set([
      ...own.map(({ toUserId }) => toUserId),
      ...named.map(({ device_id }) => device_id).filter((_, at) => namesItself(named[at]!)),
    ]);
    for (const { fromUserId, toUserId } of judge(own, canonical))
      users.set(`${environment}/${fromUserId}`, toUserId);
  }
  const answers: Answers = {};
  const of = (environment: number, device: number) => {
    const user = `${environment}/${users.get(`${environment}/${device}`) ?? device}`;
    answers[user] ??= { events: [], changes: [], sessions: [] };
    return answers[user];
  };
  for (const { environment, device_id, event_id } of events) of(environment, device_id).events.push(event_id);
  for (const { environment, device_id, event_id } of changes)
    of(environment, device_id).changes.push(event_id);
  for (const [row, own] of sessions)
    of(row.environment!, row.device_id!).sessions.push({
      ...row,
      events: ascending(own),
    });
  for (const user of Object.values(answers)) {
    user.events = ascending(user.events);
    user.changes = ascending(user.changes);
    user.sessions.sort((a, b) => a.events[0]! - b.events[0]!);
  }
  return answers;
}

const namesItself = ({ environment, device_id, identity }: Collected) =>
  identity !== '' && canonicalUserId(environment, identity) === device_id;
