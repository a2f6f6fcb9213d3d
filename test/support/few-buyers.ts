import type { Collected } from '#schemas/types.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const T = Date.UTC(2026, 2, 2, 12);

let events = 0;

function event(user: number, name: string, atMs: number, properties: object = {}): Partial<Collected> {
  events += 1;
  const ids = {
    device_id: user,
    user_id: user,
    event_id: events,
    session_id: user * 100 + Math.floor(atMs / DAY_MS),
  };
  const place = { path: user === 1 ? '/prices/a' : '/', country: user < 3 ? 'SE' : 'DE' };
  const sent = { source: 'web', name, type: 'custom', properties: JSON.stringify(properties) };
  return { ...ids, ...place, ...sent, time: T + atMs, received_at: T + atMs };
}

function property(user: number, properties: object): Partial<Collected> {
  const sent = { kind: 'user_properties' as const, properties: JSON.stringify(properties) };
  return { ...sent, device_id: user, user_id: user, time: T, received_at: T };
}

/** Users 1 to 3 sign up on 2 March 2026, a Monday; 1 and 2 buy on the second day, 1 again in the second week. */
export const FEW_BUYERS: readonly Partial<Collected>[] = [
  event(1, 'Signup', 0, { plan: 'pro' }),
  event(2, 'Signup', HOUR_MS, { plan: 'pro' }),
  event(3, 'Signup', 2 * HOUR_MS, { plan: 'a, "b"' }),
  event(1, 'Purchase', DAY_MS, { total: 10, 'user.plan': 'odd' }),
  event(2, 'Purchase', DAY_MS + HOUR_MS, { total: 32 }),
  event(2, 'Refund', DAY_MS + 2 * HOUR_MS),
  event(1, 'Purchase', 7 * DAY_MS, { total: 5 }),
  event(1, '@home', 7 * DAY_MS),
  property(1, { plan: 'team', company: 'acme' }),
  property(2, { plan: 'free', company: 'acme' }),
  property(3, { plan: 'free', company: 'duff' }),
];
