/**
 * Which visit each event belongs to, said again from the specification alone: visits are lists of events, and what
 * a row says is worked out from the whole list at the end. Sources: docs/SEMANTICS.md (the S rows), the README of the
 * sessionizer, the texts of the fields in schemas/session.v2.avsc.
 */

import { gapSessionId } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { DAY_MS, MINUTE_MS } from './histories.ts';
import { NO_LANDING, PAGES } from './pages.ts';

/** One part of a session, as what it is: events. What comes when it cannot change any more is another visit. */
export type Visit = {
  readonly id: number;
  readonly isGap: boolean;
  /** The event that opened it, and whether that was late. */
  readonly seed: Collected;
  readonly isLate: boolean;
  events: Collected[];
  /** User of the event that came last of all: readers take the device's, so nothing rests on it. */
  userId: number;
  /** Stream time in which it was opened, and of its last change. */
  readonly openedMs: number;
  updatedMs: number;
  mergedInto: Visit | undefined;
  /** Grows with each merge: of two parts of a session that went into others, the last one leads readers on. */
  mergedAt: number;
};

/** An event as it is published, and its visit where it takes part in one. */
export type Placed = { readonly record: Collected; readonly visit: Visit | undefined };

/** Every event that the merger let through in a partition, with its visit. */
export function visitsOf(log: readonly Collected[]): { placed: Placed[]; visits: Visit[] } {
  const visits: Visit[] = [];
  const placed: Placed[] = [];
  for (const [index, record] of log.entries()) {
    const streamTime = Math.max(...log.slice(0, index + 1).map(({ received_at }) => received_at));
    if (record.kind !== 'event') continue;
    if (record.source === 'server') {
      placed.push({ record, visit: undefined });
      continue;
    }
    const late = streamTime - record.time > latenessMsOf(record);
    const known = visits.filter((visit) => isSameDevice(visit.seed, record) && canChange(visit, streamTime));
    const met =
      record.session_id === 0
        ? (gapVisit(known, visits, record, index) ?? sameIdVisit(known, visits, gapIdOf(record)))
        : known.find(({ id, mergedInto }) => id === record.session_id && !mergedInto);
    const visit = met ?? open(record, late, streamTime);
    if (met === undefined) visits.push(visit);
    visit.events.push(record);
    visit.userId = record.user_id;
    visit.updatedMs = streamTime;
    placed.push({ record: { ...record, late }, visit });
  }
  return { placed, visits };
}

const isMobile = ({ source }: Collected) => source === 'ios' || source === 'android';
const gapMsOf = (event: Collected) => (isMobile(event) ? 5 : 30) * MINUTE_MS;
const latenessMsOf = (event: Collected) => (isMobile(event) ? 6 : 1) * DAY_MS;

const isSameDevice = (one: Collected, other: Collected) =>
  one.environment === other.environment && one.device_id === other.device_id;

/** A client may use one id from two sources: then the bound is that of the event that describes the session. */
const canChange = ({ updatedMs, events }: Visit, streamTime: number) =>
  streamTime - updatedMs <= latenessMsOf(describing(events));

const inOrder = (events: readonly Collected[]) =>
  events.toSorted((a, b) => a.time - b.time || a.event_id - b.event_id);
const pageviewsOf = (events: readonly Collected[]) =>
  inOrder(events).filter(({ type }) => type === 'view page');
const describing = (events: readonly Collected[]) => pageviewsOf(events)[0] ?? inOrder(events)[0]!;

const gapIdOf = ({ device_id, event_id }: Collected) => gapSessionId(device_id, event_id);

function open(seed: Collected, isLate: boolean, streamTime: number): Visit {
  const isGap = seed.session_id === 0;
  const id = isGap ? gapIdOf(seed) : seed.session_id;
  return {
    id,
    isGap,
    seed,
    isLate,
    events: [],
    userId: seed.user_id,
    openedMs: streamTime,
    updatedMs: streamTime,
    mergedInto: undefined,
    mergedAt: 0,
  };
}

/** The visit that has an id already, or took in the one that had it: events with one id are one session's. */
const sameIdVisit = (known: readonly Visit[], visits: readonly Visit[], id: number) =>
  known.find(
    (visit) =>
      visit.mergedInto === undefined &&
      (visit.id === id || visits.some((other) => other.id === id && other.mergedInto === visit)),
  );

/** What an application does unseen keeps no visit open, but for what iOS captures by itself. */
const CAPTURED = ['view page', 'click', 'change', 'submit', 'touch', 'edit field'];
const isPassive = (event: Collected) =>
  isMobile(event) &&
  event.app_visibility === 'background' &&
  !(event.source === 'ios' && CAPTURED.includes(event.type));

const lasting = (events: readonly Collected[]) => events.filter((event) => !isPassive(event));

/** From the first event that keeps a visit open to the last; undefined for one that nothing keeps open. */
function spanOf(events: readonly Collected[]): { from: number; to: number } | undefined {
  const times = lasting(events).map(({ time }) => time);
  return times.length === 0 ? undefined : { from: Math.min(...times), to: Math.max(...times) };
}

/** Whether a visit that is kept open has an unseen event in it: not before it, and within the gap after. */
const covers = (events: readonly Collected[], time: number, gapMs: number) => {
  const span = spanOf(events);
  return span !== undefined && span.from <= time && time <= span.to + gapMs;
};

/**
 * The visit that an event is of: within the gap of what keeps it open. Where it is of several, they become one and the
 * earliest stays; unseen events that are visits by themselves go into one that comes over them.
 */
function gapVisit(
  known: readonly Visit[],
  visits: readonly Visit[],
  event: Collected,
  turn: number,
): Visit | undefined {
  const [survivor, ...others] = known
    .filter(({ isGap, mergedInto }) => isGap && mergedInto === undefined)
    .filter(({ events }) => describing(events).source === event.source)
    .filter((visit, _, own) => {
      const gapMs = gapMsOf(event);
      if (isPassive(event)) return covers(visit.events, event.time, gapMs);
      const near = (one: Visit) => {
        const span = spanOf(one.events);
        return span !== undefined && event.time >= span.from - gapMs && event.time <= span.to + gapMs;
      };
      const together = [event, ...own.filter(near).flatMap(({ events }) => events)];
      return near(visit) || (!spanOf(visit.events) && covers(together, startOf(visit), gapMs));
    })
    .toSorted((a, b) => startOf(a) - startOf(b) || a.id - b.id)
    .slice(0, isPassive(event) ? 1 : undefined);
  for (const absorbed of others) {
    survivor?.events.push(...absorbed.events);
    for (const one of visits) {
      if (one !== absorbed && one.mergedInto !== absorbed) continue;
      one.mergedInto = survivor;
      one.mergedAt = turn + 1;
    }
  }
  return survivor;
}

const startOf = ({ events }: Visit) => Math.min(...events.map(({ time }) => time));

/** What the final row of a visit says; of one that was absorbed only where it went. */
export function rowOf(visit: Visit, visits: readonly Visit[]): Partial<Session> {
  const { seed, id, isGap, isLate, updatedMs, mergedInto } = visit;
  const { environment, device_id } = seed;
  const key = { environment, device_id, session_id: id, opened_at: visit.openedMs };
  if (mergedInto !== undefined) return { ...key, merged_into: mergedInto.id };
  const absorbed = visits
    .filter((other) => other.mergedInto === visit)
    .toSorted((a, b) => a.id - b.id || a.openedMs - b.openedMs);
  return {
    ...key,
    merged_into: 0,
    user_id: visit.userId,
    absorbed: absorbed.map((other) => other.id),
    absorbed_opened_at: absorbed.map((other) => other.openedMs),
    gap: isGap,
    late: isLate,
    updated_at: updatedMs,
    extended_at: spanOf(visit.events)?.to ?? 0,
    ...whatEventsSay(visit.events),
  };
}

/** What readers are told of a session, by what all its events say. */
export function whatEventsSay(unordered: readonly Collected[]): Partial<Session> {
  const events = inOrder(unordered);
  const pageviews = pageviewsOf(events);
  const [first, last] = [events[0]!, events.at(-1)!];
  const described = describing(events);
  const page = PAGES.find(({ sent }) => sent.path === pageviews[0]?.path);
  return {
    event_id: first.event_id,
    started_at: first.time,
    ended_at: last.time,
    event_count: events.length,
    pageview_count: pageviews.length,
    first_pageview_at: pageviews[0]?.time ?? 0,
    first_pageview_event_id: pageviews[0]?.event_id ?? 0,
    library: described.source,
    platform: described.platform,
    device_type: described.device_type,
    device: described.device,
    carrier: described.carrier,
    app_name: described.app_name,
    app_version: described.app_version,
    browser: described.browser,
    country: described.country,
    region: described.region,
    city: described.city,
    ip: described.ip,
    ...(page?.landing ?? NO_LANDING),
  };
}

/** A session as readers know it: under the id that its events lead to, all of its parts. */
export type ToldSession = {
  readonly id: number;
  readonly parts: readonly Visit[];
  readonly events: readonly Collected[];
};

/** The id that readers find for events of a visit: where any part of the session was absorbed, that of its survivor. */
export function toldId({ id, seed }: Visit, visits: readonly Visit[]): number {
  const [last] = visits
    .filter((other) => other.id === id && isSameDevice(other.seed, seed) && other.mergedInto)
    .toSorted((a, b) => b.mergedAt - a.mergedAt);
  return last?.mergedInto?.id ?? id;
}

/** Sessions as readers know them. */
export function toldSessions(visits: readonly Visit[]): ToldSession[] {
  const survivors = visits.filter(({ mergedInto }) => mergedInto === undefined);
  const name = (visit: Visit) => `${visit.seed.environment}/${visit.seed.device_id}/${toldId(visit, visits)}`;
  return [...Map.groupBy(survivors, name).values()].map((parts) => ({
    id: toldId(parts[0]!, visits),
    parts,
    events: parts.flatMap(({ events }) => events),
  }));
}
