/** Random histories as fast-check makes and shrinks them, and the records of the log that they become. */

import fc from 'fast-check';
import { collectedCodec } from '#schemas/codec.ts';
import { accountKeyId, canonicalUserId, idempotencyHash, recordKey } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { PAGES } from './pages.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const T0: number = Date.UTC(2026, 0, 10);

const IDENTITIES = ['ann', 'bob', 'cy'] as const;

/** One thing that happens, in numbers that shrink to the plainest. */
export type Deed = {
  readonly kind:
    | 'event'
    | 'identify'
    | 'user_properties'
    | 'account_properties'
    | 'tick'
    | 'erasure'
    | 'junk';
  readonly environment: number;
  /** An anonymous id. */
  readonly device: number;
  /** True where the request names an identity alone: the record is keyed by its canonical id. */
  readonly byName: boolean;
  readonly identity: number;
  /** How far the receive clock moves on before it. */
  readonly laterMs: number;
  /** How far the clock of the collector that receives it is behind. */
  readonly behindMs: number;
  /** How long before its receipt it happened; negative = the client's clock is ahead. */
  readonly agoMs: number;
  /** Number of its idempotency key; 0 = none. */
  readonly key: number;
  readonly source: 'web' | 'ios' | 'android' | 'server';
  /** The client's session id; 0 = none. */
  readonly session: number;
  /** 0 = a click, else the page that is viewed. */
  readonly page: number;
  /** Whether it is a custom event of an application, and what that says of its visibility. */
  readonly unseen: '' | 'click' | 'custom';
};

/** A record of the log and its place there. */
export type Told = { readonly offset: number; readonly record: Collected; readonly isJunk: boolean };

const grid = fc.nat(24).map((steps) => steps * 5 * MINUTE_MS);
const edges = (...lengths: readonly number[]) =>
  fc.constantFrom(...lengths.flatMap((length) => [length, length + 1, length - 1]));

/** Times a receive clock moves on by: minutes mostly, and to the windows and bounds exactly and not quite. */
const later = fc.oneof(
  { weight: 6, arbitrary: grid.map((ms) => ms / 5) },
  { weight: 2, arbitrary: grid },
  { weight: 1, arbitrary: edges(DAY_MS, 6 * DAY_MS) },
);
/** Nothing here is ever as much as a window or bound apart. */
const soon = fc.nat(24).map((steps) => steps * MINUTE_MS);

const behind = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(1, MINUTE_MS, 2 * HOUR_MS) },
  { weight: 1, arbitrary: edges(DAY_MS) },
);

const ago = fc.oneof(
  { weight: 6, arbitrary: grid },
  { weight: 2, arbitrary: edges(5 * MINUTE_MS, 30 * MINUTE_MS) },
  { weight: 1, arbitrary: edges(DAY_MS, 6 * DAY_MS) },
  { weight: 1, arbitrary: fc.constantFrom(-90 * MINUTE_MS, -20 * HOUR_MS) },
);

type Shape = {
  readonly kinds?: readonly Deed['kind'][];
  /** True where stream time must stay below every window and bound. */
  readonly withinADay?: boolean;
  readonly maxLength?: number;
  readonly devices?: number;
};

const EVERY_KIND: readonly Deed['kind'][] = [
  ...Array<'event'>(8).fill('event'),
  ...Array<'identify'>(4).fill('identify'),
  'user_properties',
  'account_properties',
  'tick',
  'erasure',
  'junk',
];

/** Histories of some kinds of deeds; where a kind is named several times, there are more of it. */
export function histories({
  kinds = EVERY_KIND,
  withinADay = false,
  maxLength = 40,
  devices = 3,
}: Shape = {}) {
  return fc.array(
    fc.record<Deed>({
      kind: fc.constantFrom(...kinds),
      environment: fc.constantFrom(1, 1, 1, 2),
      device: fc.integer({ min: 1, max: devices }),
      byName: fc.constantFrom(false, false, false, true),
      identity: fc.nat(IDENTITIES.length - 1),
      laterMs: withinADay ? soon : later,
      behindMs: withinADay ? fc.constantFrom(0, 0, 0, MINUTE_MS, 2 * HOUR_MS) : behind,
      agoMs: withinADay ? grid : ago,
      key: fc.constantFrom(0, 0, 1, 2, 3),
      source: fc.constantFrom('web', 'web', 'web', 'ios', 'android', 'server'),
      session: fc.constantFrom(0, 0, 0, 901, 902),
      page: fc.nat(PAGES.length),
      unseen: fc.constantFrom('', '', 'click', 'custom'),
    }),
    { maxLength },
  );
}

/** A deed with what most examples have in common. */
export function aDeed(fields: Partial<Deed> = {}): Deed {
  return {
    kind: 'event',
    environment: 1,
    device: 1,
    byName: false,
    identity: 0,
    laterMs: 0,
    behindMs: 0,
    agoMs: 0,
    key: 0,
    source: 'web',
    session: 0,
    page: 0,
    unseen: '',
    ...fields,
  };
}

const DEFAULTS = collectedCodec.decode(collectedCodec.encode({}));

export const identityOf = (deed: Deed): string => IDENTITIES[deed.identity]!;

/** The log that a history becomes. Event ids are their places in it, from 1, and so each its own (but see withResent()). */
export function tell(deeds: readonly Deed[]): Told[] {
  let clockMs = T0;
  return deeds.map((deed, offset) => {
    clockMs += deed.laterMs;
    return {
      offset,
      isJunk: deed.kind === 'junk',
      record: recordOf(deed, clockMs - deed.behindMs, offset + 1),
    };
  });
}

/**
 * The log with events of a device that share an idempotency key made one event that was sent again, at another time: the
 * collector makes the id of such an event from its key, and so gives it the one it had.
 */
export function withResent(log: readonly Collected[]): Collected[] {
  const first = new Map<string, Collected>();
  return log.map((record) => {
    if (record.kind !== 'event' || record.idempotency.length === 0) return record;
    const key = `${keyOf(record).toString('hex')} ${record.idempotency.toString('hex')}`;
    const { time, received_at } = record;
    return { ...first.getOrInsert(key, record), time, received_at };
  });
}

/** Key of the Kafka record of a `Collected`. */
export const keyOf = ({ environment, device_id }: Collected): Buffer => recordKey(environment, device_id);

function recordOf(deed: Deed, receivedAt: number, eventId: number): Collected {
  const { environment, source, agoMs } = deed;
  const identity = identityOf(deed);
  const named = canonicalUserId(environment, identity);
  const common = {
    ...DEFAULTS,
    environment,
    event_id: eventId,
    received_at: receivedAt,
    time: receivedAt - agoMs,
    source,
    properties: `{"n":${eventId}}`,
  };
  const at = (id: number) => ({ device_id: id, user_id: id });
  switch (deed.kind) {
    case 'event':
    case 'junk': {
      const click = { type: 'click', name: 'click', target_text: 'Buy', ...appOf(eventId) };
      const page = PAGES[deed.page - 1];
      const visibility = deed.unseen === '' ? {} : { app_visibility: 'background' };
      const custom = deed.unseen === 'custom' ? { type: 'Synced', name: 'Synced' } : {};
      const seen =
        page === undefined ? click : { ...appOf(eventId), type: 'view page', name: 'pageview', ...page.sent };
      const own = deed.byName
        ? { ...at(named), identity, source: 'server' }
        : { ...at(deed.device), session_id: deed.session };
      const idempotency = deed.key === 0 ? Buffer.alloc(0) : idempotencyHash(`key ${deed.key}`);
      return { ...common, ...seen, ...custom, ...visibility, ...own, idempotency, kind: 'event' };
    }
    case 'identify': {
      // Whoever can compute the public hash of an identity can send it as an anonymous id.
      const from = deed.byName ? canonicalUserId(environment, IDENTITIES[deed.device % 3]!) : deed.device;
      return { ...common, ...at(from), identity, kind: 'identify' };
    }
    case 'user_properties':
      return deed.byName
        ? { ...common, ...at(named), identity, source: 'server', kind: 'user_properties' }
        : { ...common, ...at(deed.device), kind: 'user_properties' };
    case 'account_properties': {
      const account_id = `account ${deed.device}`;
      return {
        ...common,
        ...at(accountKeyId(environment, account_id)),
        account_id,
        kind: 'account_properties',
      };
    }
    case 'tick':
      return { ...DEFAULTS, kind: 'tick', received_at: receivedAt, time: receivedAt, event_id: eventId };
    case 'erasure':
      return { ...common, ...at(deed.device), kind: 'erasure' };
  }
}

/** What a client says of itself: other words with each event, so that a row shows which event described it. */
function appOf(eventId: number) {
  return {
    platform: `platform ${eventId}`,
    device: `device ${eventId}`,
    device_type: eventId % 2 === 0 ? 'Mobile' : 'Desktop',
    carrier: `carrier ${eventId}`,
    app_name: `app ${eventId}`,
    app_version: `${eventId}.0`,
    browser: `Browser ${eventId}`,
    country: `country ${eventId}`,
    region: `region ${eventId}`,
    city: `city ${eventId}`,
    ip: `10.0.0.${eventId}`,
  };
}
