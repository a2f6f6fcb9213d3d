/** Sessions of clients and servers together, in a real ClickHouse, against a naive count. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { collectedCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { Collected } from '#schemas/types.ts';
import { T0 } from '../support/loader-in-memory.ts';
import { startViewDatabase, type ViewDatabase } from '../support/view-database.ts';

const MINUTE_MS = 60_000;
const DEVICES = 6;
/** Devices 1 and 2 are ann's, whose server events name her alone; the others are their own. */
const ANN = canonicalUserId(1, 'ann');
const userOf = ({ device_id }: Partial<Collected>) =>
  [1, 2, ANN].includes(device_id as number) ? ANN : (device_id as number);

let database: ViewDatabase;

before(async () => {
  database = await startViewDatabase();
  await database.start();
  for (const device of [1, 2]) await database.bind(device, 'ann');
});

after(() => database?.stop());

/** Minutes and what lies just on either side of the gap. */
const someEvents = fc.array(
  fc.record({
    device: fc.integer({ min: 1, max: DEVICES }),
    isServer: fc.boolean(),
    atMs: fc.oneof(
      fc.nat(600).map((minute) => minute * MINUTE_MS),
      fc.nat(40).map((halfHour) => halfHour * 30 * MINUTE_MS),
      fc.nat(40).map((halfHour) => halfHour * 30 * MINUTE_MS + 1),
    ),
    session: fc.constantFrom(0, 901, 902),
    isPageview: fc.boolean(),
  }),
  { minLength: 400, maxLength: 400 },
);

function eventsOf(drawn: ReturnType<typeof fc.sample<unknown>>): Partial<Collected>[] {
  return (
    drawn as { device: number; isServer: boolean; atMs: number; session: number; isPageview: boolean }[]
  ).map(({ device, isServer, atMs, session, isPageview }, index) => ({
    environment: 1,
    device_id: isServer && device === 1 ? ANN : device,
    event_id: 1 + ((index * 7919) % 400),
    time: T0 + atMs,
    received_at: T0 + atMs,
    source: isServer ? 'server' : 'web',
    session_id: session,
    ...(isPageview ? { name: 'pageview', type: 'view page' } : { name: 'Paid', type: 'Paid' }),
  }));
}

type Joint = { user: number; id: number; time: number; ended: number; events: number[] };

/** Event by event, as the rule says. */
function naive(events: readonly Partial<Collected>[]): Joint[] {
  const joint: Joint[] = [];
  const open = new Map<number, Joint>();
  const inOrder = events.toSorted((a, b) => a.time! - b.time! || a.event_id! - b.event_id!);
  for (const event of inOrder) {
    const user = userOf(event);
    const known = open.get(user);
    if (known !== undefined && event.time! - known.ended <= 30 * MINUTE_MS) {
      known.ended = event.time!;
      known.events.push(event.event_id!);
      continue;
    }
    const next = {
      user,
      id: event.event_id!,
      time: event.time!,
      ended: event.time!,
      events: [event.event_id!],
    };
    open.set(user, next);
    joint.push(next);
  }
  return joint.toSorted((a, b) => a.user - b.user || a.time - b.time);
}

test('joint sessions are the runs of all events of a user, of clients and servers, no more than half an hour apart', async () => {
  const events = eventsOf(fc.sample(someEvents, { seed: 6, numRuns: 1 })[0]!);
  await database.load(
    'events.sessionized',
    events.map((event) => collectedCodec.encode(event)),
  );
  const expected = naive(events);
  assert.ok(expected.length > 20 && expected.some(({ events: own }) => own.length > 5));
  assert.deepEqual(
    await database.rows(`SELECT user_id AS user, joint_session_id AS id, toUnixTimestamp64Milli(any(s.time)) AS time,
  toUnixTimestamp64Milli(any(s.ended_at)) AS ended, groupArray(e.event_id) AS events
FROM (SELECT * FROM main_production.joint_session_events ORDER BY time, event_id) AS e
JOIN main_production.joint_sessions AS s USING (user_id, joint_session_id)
GROUP BY user, id ORDER BY user, time`),
    expected,
  );
  const of = (own: readonly number[]) => events.filter(({ event_id }) => own.includes(event_id!));
  assert.deepEqual(
    await database.rows(`SELECT event_count, server_event_count, pageview_count, session_count
FROM main_production.joint_sessions ORDER BY user_id, time`),
    expected.map(({ events: ids }) => {
      const own = of(ids);
      return {
        event_count: own.length,
        server_event_count: own.filter(({ source }) => source === 'server').length,
        pageview_count: own.filter(({ source, type }) => source !== 'server' && type === 'view page').length,
        session_count: new Set(
          own.flatMap(({ device_id, session_id }) => (session_id ? [`${device_id}/${session_id}`] : [])),
        ).size,
      };
    }),
  );
});

test('an event exactly half an hour after the last goes on with a joint session, a millisecond more starts another', async () => {
  const at = (ms: number, id: number, source: string) =>
    collectedCodec.encode({
      ...{
        environment: 1,
        device_id: 50,
        event_id: id,
        time: T0 + ms,
        received_at: T0,
        source,
        name: 'Paid',
        type: 'Paid',
      },
    });
  await database.load('events.sessionized', [
    at(0, 1001, 'web'),
    at(30 * MINUTE_MS, 1002, 'server'),
    at(60 * MINUTE_MS + 1, 1003, 'web'),
  ]);
  assert.deepEqual(
    await database.rows(
      'SELECT joint_session_id AS id, event_count FROM main_production.joint_sessions WHERE user_id = 50 ORDER BY id',
    ),
    [
      { id: 1001, event_count: 2 },
      { id: 1003, event_count: 1 },
    ],
  );
});
