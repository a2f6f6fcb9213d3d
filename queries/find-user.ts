import type { Environment } from '#lib/config/environments.ts';
import { accountKeyId } from '#schemas/ids.ts';
import type { Ask, Query } from './query.ts';
import {
  accountWritesQuery,
  type BindingRow,
  bindingQuery,
  bindingsQuery,
  type DeviceActivityRow,
  deviceActivityQuery,
  type PropertyWriteRow,
  propertyWritesQuery,
  type SeenDeviceRow,
  seenDevicesQuery,
  type UserEventRow,
  type UserSessionRow,
  userEventsQuery,
  userSessionsQuery,
} from './user.ts';
import { type PropertyInForce, profileOf, propertiesInForce, type UserProfile } from './user-profile.ts';
import { type TimelineSession, timelineOf, type Visit } from './user-timeline.ts';

/** Latest sessions and events that a timeline is made of. */
const MOST_SESSIONS = 1000;
const MOST_EVENTS = 5000;

export type ShownSession = TimelineSession & {
  readonly landingPage: string | null;
  readonly platform: string | null;
};

export type FoundUser = {
  readonly profile: UserProfile;
  /** undefined where no property of users names an account; null where this user has none. */
  readonly account: UserAccount | null | undefined;
  readonly sessionCount: number;
  /** The latest; the last one is the latest. */
  readonly sessions: readonly ShownSession[];
  /** undefined where no timeline was asked for. */
  readonly timeline: readonly Visit<ShownSession>[] | undefined;
  /** From the first question to the last answer. */
  readonly queryMs: number;
};

export type UserAccount = { readonly id: string; readonly properties: readonly PropertyInForce[] };

export type UserQuestion = {
  readonly environment: Environment;
  readonly id: number;
  readonly hasTimeline: boolean;
};

/** Every question that finding a user asks, in order; the user is left open in all but the first. */
export function questionsOf({ environment, id, hasTimeline }: UserQuestion): readonly Query[] {
  const { first, rest } = questions(environment, id, undefined);
  const { events, ...always } = rest;
  return [first, ...Object.values(always), ...(hasTimeline ? [events] : [])];
}

/** Looks a user up by any of its ids; undefined where there is none. */
export async function findUser(
  ask: Ask,
  { environment, id, hasTimeline }: UserQuestion,
): Promise<FoundUser | undefined> {
  const startedAt = performance.now();
  const [asked] = await ask<BindingRow>(questions(environment, id, undefined).first);
  const userId = asked?.counts === 1 ? asked.to_user_id : id;
  const bindings = await ask<BindingRow>(questions(environment, id, userId).rest.bindings);
  const { rest } = questions(environment, id, userId, devicesOf(userId, bindings));
  const [seen, activity, writes, sessionRows, eventRows] = await Promise.all([
    ask<SeenDeviceRow>(rest.seen),
    ask<DeviceActivityRow>(rest.activity),
    ask<PropertyWriteRow>(rest.writes),
    ask<UserSessionRow>(rest.sessions),
    hasTimeline ? ask<UserEventRow>(rest.events) : [],
  ]);
  const profile = profileOf({ userId, asked, bindings, seen, activity, writes });
  if (profile === undefined) return undefined;
  const account = await accountOf(ask, environment, profile);
  const queryMs = performance.now() - startedAt;
  const sessions = sessionRows.map(shownSession).toReversed();
  return {
    profile,
    account,
    sessionCount: sessionRows[0]?.sessions ?? 0,
    sessions,
    timeline: hasTimeline
      ? timelineOf(
          sessions,
          eventRows.map(({ event_id, device_id, session_id, timeMs, source, name }) => ({
            eventId: event_id,
            deviceId: device_id,
            sessionId: session_id,
            timeMs,
            source,
            name,
          })),
          eventRows.length === MOST_EVENTS,
        )
      : undefined,
    queryMs,
  };
}

/** undefined where not all bindings were answered. */
function devicesOf(userId: number, bindings: readonly BindingRow[]): readonly number[] | undefined {
  if (bindings.length < (bindings[0]?.bindings ?? 0)) return undefined;
  const counting = bindings.filter(({ counts }) => counts === 1);
  return [userId, ...counting.map(({ from_user_id }) => from_user_id)];
}

async function accountOf(
  ask: Ask,
  { number, options }: Environment,
  { properties }: UserProfile,
): Promise<UserAccount | null | undefined> {
  const { accountIdProperty } = options;
  if (accountIdProperty === '') return undefined;
  const id = String(properties.find(({ name }) => name === accountIdProperty)?.value ?? '');
  if (id === '') return null;
  const query = accountWritesQuery({ environment: number, keyId: accountKeyId(number, id), id });
  return { id, properties: propertiesInForce(await ask<PropertyWriteRow>(query)) };
}

const shownSession = (row: UserSessionRow): ShownSession => ({
  sessionId: row.session_id,
  deviceId: row.device_id,
  startedAtMs: row.startedAtMs,
  endedAtMs: row.endedAtMs,
  landingPage: row.landing_page,
  platform: row.platform,
});

function questions(
  { number }: Environment,
  id: number,
  user: number | undefined,
  devices?: readonly number[],
) {
  const scope = { environment: number, user, devices };
  return {
    first: bindingQuery({ environment: number, id }),
    rest: {
      bindings: bindingsQuery(scope),
      seen: seenDevicesQuery(scope),
      activity: deviceActivityQuery(scope),
      writes: propertyWritesQuery(scope),
      sessions: userSessionsQuery({ ...scope, limit: MOST_SESSIONS }),
      events: userEventsQuery({ ...scope, limit: MOST_EVENTS }),
    },
  };
}
