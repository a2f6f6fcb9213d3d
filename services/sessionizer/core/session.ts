import type { CollectedHead } from '#schemas/collected-head.ts';
import type { SessionHead } from '#schemas/session-head.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { readAcquisition } from './acquisition.ts';
import { encodeDescription } from './session-row.ts';

/** A session that can still change. What describes it stays encoded: it is replaced as a whole, or not at all. */
export type OpenSession = SessionHead & { description: Uint8Array };

/** Heap's event type of a pageview. */
const PAGEVIEW_TYPE = 'view page';

/** An event of a session: what every event has, and a way to the rest for the few that need it. */
export type SessionEvent = {
  readonly head: CollectedHead;
  /** Whether it keeps the session open: what an application does in the background does not. */
  readonly extends: boolean;
  readonly decode: () => Collected;
};

type Opening = { readonly sessionId: number; readonly gap: boolean; readonly late: boolean };

/** The session an event starts. */
export function openSession(event: SessionEvent, opening: Opening, streamTimeMs: number): OpenSession {
  const { environment, deviceId, userId, eventId, time, source } = event.head;
  const session: OpenSession = {
    environment,
    device_id: deviceId,
    session_id: opening.sessionId,
    user_id: userId,
    merged_into: 0,
    absorbed: [],
    gap: opening.gap,
    late: opening.late,
    event_id: eventId,
    started_at: time,
    ended_at: time,
    updated_at: streamTimeMs,
    event_count: 0,
    pageview_count: 0,
    first_pageview_at: 0,
    first_pageview_event_id: 0,
    library: source,
    opened_at: streamTimeMs,
    extended_at: 0,
    absorbed_opened_at: [],
    description: NOTHING,
  };
  extendSession(session, event, streamTimeMs);
  return session;
}

/**
 * Takes an event into a session, in place. The result depends on which events a session has and not on the
 * order they came in: first and last are by (time, event id), and what describes the session is taken from
 * its first pageview, or from its first event while it has none.
 */
export function extendSession(session: OpenSession, event: SessionEvent, streamTimeMs: number): void {
  const { eventId, time, type, userId, source } = event.head;
  const isPageview = type === PAGEVIEW_TYPE;
  const isFirst = session.event_count === 0 || precedes(time, eventId, session.started_at, session.event_id);
  const isFirstPageview =
    isPageview &&
    (session.pageview_count === 0 ||
      precedes(time, eventId, session.first_pageview_at, session.first_pageview_event_id));

  if (isFirstPageview || (isFirst && session.pageview_count === 0)) {
    session.description = encodeDescription(descriptionOf(event.decode(), isPageview));
    session.library = source;
  }
  if (isFirst) {
    session.started_at = time;
    session.event_id = eventId;
  }
  if (isFirstPageview) {
    session.first_pageview_at = time;
    session.first_pageview_event_id = eventId;
  }
  session.ended_at = Math.max(session.ended_at, time);
  if (event.extends) session.extended_at = Math.max(session.extended_at, time);
  session.event_count += 1;
  if (isPageview) session.pageview_count += 1;
  session.user_id = userId;
  session.updated_at = streamTimeMs;
}

/** Takes a whole session into another, in place: a late event has bridged the two. */
export function absorbSession(survivor: OpenSession, absorbed: OpenSession): void {
  const takesDescription =
    absorbed.pageview_count > 0
      ? survivor.pageview_count === 0 ||
        precedes(
          absorbed.first_pageview_at,
          absorbed.first_pageview_event_id,
          survivor.first_pageview_at,
          survivor.first_pageview_event_id,
        )
      : survivor.pageview_count === 0 &&
        precedes(absorbed.started_at, absorbed.event_id, survivor.started_at, survivor.event_id);
  if (takesDescription) {
    survivor.description = absorbed.description;
    survivor.first_pageview_at = absorbed.first_pageview_at;
    survivor.first_pageview_event_id = absorbed.first_pageview_event_id;
  }
  if (precedes(absorbed.started_at, absorbed.event_id, survivor.started_at, survivor.event_id)) {
    survivor.started_at = absorbed.started_at;
    survivor.event_id = absorbed.event_id;
  }
  survivor.ended_at = Math.max(survivor.ended_at, absorbed.ended_at);
  survivor.extended_at = Math.max(survivor.extended_at, absorbed.extended_at);
  survivor.event_count += absorbed.event_count;
  survivor.pageview_count += absorbed.pageview_count;
  survivor.absorbed = [...survivor.absorbed, absorbed.session_id, ...absorbed.absorbed];
  survivor.absorbed_opened_at = [
    ...survivor.absorbed_opened_at,
    absorbed.opened_at,
    ...absorbed.absorbed_opened_at,
  ];
}

function precedes(time: number, eventId: number, otherTime: number, otherEventId: number): boolean {
  return time < otherTime || (time === otherTime && eventId < otherEventId);
}

const NOTHING = new Uint8Array();

function descriptionOf(event: Collected, isPageview: boolean): Partial<Session> {
  const { platform, device_type, device, carrier, app_name, app_version } = event;
  const { browser, country, region, city, ip } = event;
  const captured = {
    ...{ platform, device_type, device, carrier, app_name, app_version },
    ...{ browser, country, region, city, ip },
  };
  if (!isPageview) return captured;
  return {
    ...captured,
    referrer: event.referrer,
    landing_page: `${event.domain}${event.path}`,
    landing_page_query: event.query,
    landing_page_hash: event.hash,
    ...readAcquisition(event.query, event.referrer),
  };
}
