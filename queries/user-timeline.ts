/** An event as a timeline shows it. */
export type TimelineEvent = {
  readonly eventId: number;
  readonly deviceId: number;
  /** Resolved; 0 = none. */
  readonly sessionId: number;
  readonly timeMs: number;
  /** `server` or a client source. */
  readonly source: string;
  readonly name: string;
};

/** A session as a timeline needs it. Client session ids may repeat across devices. */
export type TimelineSession = {
  readonly sessionId: number;
  readonly deviceId: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
};

/** What a user did in one go: a session, or server events that lie in none. */
export type Visit<S extends TimelineSession = TimelineSession> = {
  /** undefined for server events that lie in no session, and for a session that has no row yet. */
  readonly session: S | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** In (time, event id) order. */
  readonly events: readonly TimelineEvent[];
};

/** Server events in no session share a visit up to this long after its first event, inclusive. */
const BUCKET_MS = 30 * 60 * 1000;

/**
 * Visits of a user in order of their start. An event with a session belongs to it. Of the others, which are of servers,
 * each is shown inside the session that spans its time (of several, the one that started last), and the rest in buckets
 * of 30 minutes from the first: fixed, not rolling (Heap: server-side events in a user's profile).
 *
 * `isCut` says that older events are missing. Where a bucket begins depends on the one before, so buckets are shown
 * only from behind a silence of more than 30 minutes, which begins one whatever was before it. A session that may lack
 * events is left out.
 */
export function timelineOf<S extends TimelineSession>(
  sessions: readonly S[],
  events: readonly TimelineEvent[],
  isCut: boolean,
): readonly Visit<S>[] {
  const byStart = sessions.toSorted((a, b) => a.startedAtMs - b.startedAtMs || a.sessionId - b.sessionId);
  const own = new Map<string, TimelineEvent[]>(byStart.map((session) => [keyOf(session), []]));
  const loose: TimelineEvent[] = [];
  const ordered = events.toSorted((a, b) => a.timeMs - b.timeMs || a.eventId - b.eventId);
  for (const event of ordered) {
    const session = sessionOf(event, byStart);
    const isLoose = session === undefined && (event.sessionId === 0 || event.source === 'server');
    if (isLoose) loose.push(event);
    else {
      const key = keyOf(session ?? event);
      const known = own.get(key);
      if (known === undefined) own.set(key, [event]);
      else known.push(event);
    }
  }
  const bySession = new Map(byStart.map((session) => [keyOf(session), session]));
  const visits = [...own].map(([key, inside]) => visitOf(bySession.get(key), inside));
  const oldestMs = isCut ? (ordered[0]?.timeMs ?? 0) : Number.NEGATIVE_INFINITY;
  return [
    ...visits.filter(
      ({ session, startedAtMs }) => startedAtMs > oldestMs && (session !== undefined || !isCut),
    ),
    ...bucketsOf(isCut ? behindSilence(loose) : loose).map((bucket) => visitOf<S>(undefined, bucket)),
  ].sort((a, b) => a.startedAtMs - b.startedAtMs);
}

const keyOf = ({ deviceId, sessionId }: { deviceId: number; sessionId: number }) =>
  `${deviceId} ${sessionId}`;

function sessionOf<S extends TimelineSession>(event: TimelineEvent, byStart: readonly S[]): S | undefined {
  const { deviceId, sessionId, timeMs } = event;
  const spans = ({ startedAtMs, endedAtMs }: S) => startedAtMs <= timeMs && timeMs <= endedAtMs;
  if (sessionId !== 0) {
    const named = byStart.filter((session) => session.sessionId === sessionId);
    const found =
      named.find((session) => session.deviceId === deviceId) ??
      // A server may name the session of a device by the user's id.
      (event.source === 'server' ? (named.findLast(spans) ?? named[0]) : undefined);
    if (found !== undefined) return found;
  }
  return sessionId === 0 || event.source === 'server' ? byStart.findLast(spans) : undefined;
}

function visitOf<S extends TimelineSession>(
  session: S | undefined,
  events: readonly TimelineEvent[],
): Visit<S> {
  return {
    session,
    startedAtMs: session?.startedAtMs ?? events[0]?.timeMs ?? 0,
    endedAtMs: session?.endedAtMs ?? events.at(-1)?.timeMs ?? 0,
    events,
  };
}

function bucketsOf(events: readonly TimelineEvent[]): TimelineEvent[][] {
  const buckets: TimelineEvent[][] = [];
  for (const event of events) {
    const current = buckets.at(-1);
    const first = current?.[0];
    if (current === undefined || first === undefined || event.timeMs - first.timeMs > BUCKET_MS)
      buckets.push([event]);
    else current.push(event);
  }
  return buckets;
}

function behindSilence(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  const first = events.findIndex(
    ({ timeMs }, index) => index > 0 && timeMs - (events[index - 1]?.timeMs ?? 0) > BUCKET_MS,
  );
  return first === -1 ? [] : events.slice(first);
}
