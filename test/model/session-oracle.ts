/**
 * Which visit each event belongs to, said again from the specification alone: visits are lists of events, and what
 * a row says is worked out from the whole list at the end. Sources: docs/SEMANTICS.md (S-1 to S-7), the README of the
 * sessionizer, the texts of the fields in schemas/session.v1.avsc.
 */

import { gapSessionId } from '#schemas/ids.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { DAY_MS, MINUTE_MS } from './histories.ts';
import { NO_LANDING, PAGES } from './pages.ts';

/** A session, as what it is: events. */
export type Visit = {
  readonly id: number;
  readonly isGap: boolean;
  /** The event that opened it, and whether that was late. */
  readonly seed: Collected;
  readonly isLate: boolean;
  events: Collected[];
  /** User of the event that came last of all: readers take the device's, so nothing rests on it. */
  userId: number;
  /** Stream time of its last change. */
  updatedMs: number;
  mergedInto: Visit | undefined;
  /** True where a client came back to its own session id later than the session can change. */
  isContinuedLate: boolean;
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
    const met = record.session_id === 0 ? gapVisit(visits, record, streamTime) : clientVisit(visits, record);
    const visit = met ?? open(record, late, streamTime);
    if (met === undefined) visits.push(visit);
    else if (!canChange(visit, streamTime)) visit.isContinuedLate = true;
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

/** A client may use one id from two sources: then the shorter bound is taken, to be on the safe side. */
const canChange = ({ updatedMs, events }: Visit, streamTime: number) =>
  streamTime - updatedMs <= Math.min(...events.map(latenessMsOf));

function open(seed: Collected, isLate: boolean, streamTime: number): Visit {
  const isGap = seed.session_id === 0;
  const id = isGap ? gapSessionId(seed.device_id, seed.event_id) : seed.session_id;
  return {
    id,
    isGap,
    seed,
    isLate,
    events: [],
    userId: seed.user_id,
    updatedMs: streamTime,
    mergedInto: undefined,
    isContinuedLate: false,
  };
}

const clientVisit = (visits: readonly Visit[], event: Collected) =>
  visits.find(({ isGap, id, seed }) => !isGap && id === event.session_id && isSameDevice(seed, event));

/** The visit that an event is within the gap of; where it is of several, they become one, and the earliest stays. */
function gapVisit(visits: readonly Visit[], event: Collected, streamTime: number): Visit | undefined {
  const [survivor, ...others] = visits
    .filter(({ isGap, mergedInto }) => isGap && mergedInto === undefined)
    .filter(({ seed }) => isSameDevice(seed, event) && seed.source === event.source)
    .filter((visit) => canChange(visit, streamTime))
    .filter(({ events }) => events.some(({ time }) => Math.abs(time - event.time) <= gapMsOf(event)))
    .toSorted((a, b) => startOf(a) - startOf(b));
  for (const absorbed of others) {
    survivor?.events.push(...absorbed.events);
    for (const one of visits) if (one === absorbed || one.mergedInto === absorbed) one.mergedInto = survivor;
  }
  return survivor;
}

const startOf = ({ events }: Visit) => Math.min(...events.map(({ time }) => time));

/** What the final row of a visit says; of one that was absorbed only where it went. */
export function rowOf(visit: Visit, visits: readonly Visit[]): Partial<Session> {
  const { seed, id, isGap, isLate, updatedMs, mergedInto } = visit;
  const key = { environment: seed.environment, device_id: seed.device_id, session_id: id };
  if (mergedInto !== undefined) return { ...key, merged_into: mergedInto.id };
  const events = visit.events.toSorted((a, b) => a.time - b.time || a.event_id - b.event_id);
  const pageviews = events.filter(({ type }) => type === 'view page');
  const [first, last] = [events[0]!, events.at(-1)!];
  const described = pageviews[0] ?? first;
  const page = PAGES.find(({ sent }) => sent.path === pageviews[0]?.path);
  return {
    ...key,
    merged_into: 0,
    user_id: visit.userId,
    absorbed: visits
      .filter((other) => other.mergedInto === visit)
      .map((other) => other.id)
      .toSorted((a, b) => a - b),
    gap: isGap,
    late: isLate,
    event_id: first.event_id,
    started_at: first.time,
    ended_at: last.time,
    updated_at: updatedMs,
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
