/**
 * Behaviour specs of Heap's Swift SDK (heap-swift-core-sdk, MIT), said again for Cairn: a client that does what they say
 * (test/conformance/swift-client.ts) sends to the capture API, and SQL must say what they promise.
 *
 * Here: IdentifySpec, ResetIdentitySpec, ExtendSessionSpec (with SessionExtensionSpec, which has the rules it stands
 * for) and TrackSpec. TruncationAndSanitizationSpec is in sanitising-specs.ts.
 *
 * Not here, as it only shows inside a client: what is persisted, what bridges and sources are told, Contentsquare's
 * timeouts, threads, and the source library, which Cairn does not store. A session has no message of its own in
 * Cairn: it is made of the events that carry its id.
 */
import assert from 'node:assert/strict';
import type { TableRow } from '../support/identity-case.ts';

const MINUTE_MS = 60_000;
/** On a full second, far enough back that nothing here lies in the future. */
const T0 = Math.floor(Date.now() / 1000) * 1000 - 120 * MINUTE_MS;
const at = (minutes: number) => T0 + minutes * MINUTE_MS;

const CLIENT = ['client'] as const;

export const SWIFT_SPECS: readonly TableRow[] = [
  {
    name: 'IdentifySpec: nothing is identified before recording starts, after it stops, or by an empty name',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.identify(own.identity('ada'), at(0));
      client.startRecording();
      client.identify('', at(0));
      client.track('Step', own.labelled('anonymous'), at(0));
      client.stopRecording();
      client.identify(own.identity('ada'), at(1));
      await client.flush();
      assert.equal(client.userId, own.device(1));
    },
    async check(own) {
      assert.deepEqual(await own.owners(), { anonymous: own.device(1) });
      assert.deepEqual(await own.users(), { [own.device(1)]: null });
      assert.deepEqual(await own.migrations(), {});
    },
  },
  {
    name: 'IdentifySpec: a first identify within the session keeps user, session and event properties, and extends it',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.addEventProperties({ plan: 'pro' });
      client.track('Step', own.labelled('before'), at(0));
      client.identify(own.identity('ada'), at(4));
      client.track('Step', own.labelled('after'), at(9));
      await client.flush();
      assert.deepEqual([client.userId, client.identity], [own.device(1), own.identity('ada')]);
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { before: ada, after: ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(await own.visits(), [[1, ada, at(0), 3]]);
      assert.deepEqual(await plansOf(own), { before: 'pro', after: 'pro' });
    },
  },
  {
    name: 'IdentifySpec: a first identify after the session starts another one of the same user, at its time',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.track('Step', own.labelled('before'), at(0));
      client.identify(own.identity('ada'), at(10));
      await client.flush();
      assert.equal(client.userId, own.device(1));
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { before: ada });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada });
      assert.deepEqual(await own.visits(), [
        [1, ada, at(0), 2],
        [2, ada, at(10), 1],
      ]);
    },
  },
  {
    name: 'IdentifySpec: the current identity again makes no user and no session',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.identify(own.identity('ada'), at(0));
      client.identify(own.identity('ada'), at(1));
      client.track('Step', own.labelled('one'), at(2));
      await client.flush();
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada });
      assert.deepEqual(await own.visits(), [[1, ada, at(0), 2]]);
    },
  },
  {
    name: 'IdentifySpec: another identity without a reset is a new user and session, and the first is not merged',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.addEventProperties({ plan: 'pro' });
      client.identify(own.identity('ada'), at(0));
      client.track('Step', own.labelled('ada'), at(0));
      client.identify(own.identity('bob'), at(1));
      client.track('Step', own.labelled('bob'), at(2));
      await client.flush();
      assert.equal(client.userId, own.device(2));
    },
    async check(own) {
      const [ada, bob] = [own.user('ada'), own.user('bob')];
      assert.deepEqual(await own.owners(), { ada, bob });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada'), [bob]: own.identity('bob') });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada, [own.device(2)]: bob });
      assert.deepEqual(await own.visits(), [
        [1, ada, at(0), 2],
        [2, bob, at(1), 2],
      ]);
      assert.deepEqual(await own.ignored(), []);
      assert.deepEqual(await plansOf(own), { ada: 'pro', bob: 'pro' });
    },
  },
  {
    name: 'IdentifySpec: a new user has none of the event properties where the client is told so',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient({ clearEventPropertiesOnNewUser: true });
      client.startRecording();
      client.addEventProperties({ plan: 'pro' });
      client.identify(own.identity('ada'), at(0));
      client.track('Step', own.labelled('ada'), at(0));
      client.identify(own.identity('bob'), at(1));
      client.track('Step', own.labelled('bob'), at(1));
      await client.flush();
    },
    check: async (own) => assert.deepEqual(await plansOf(own), { ada: 'pro', bob: null }),
  },
  {
    name: 'ResetIdentitySpec: nothing is reset where nobody is identified, or the client does not record',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.track('Step', own.labelled('before'), at(0));
      client.resetIdentity(at(1));
      client.track('Step', own.labelled('anonymous'), at(2));
      client.identify(own.identity('ada'), at(3));
      client.stopRecording();
      client.resetIdentity(at(3));
      client.startRecording();
      client.track('Step', own.labelled('identified'), at(4));
      await client.flush();
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { before: ada, anonymous: ada, identified: ada });
      assert.deepEqual(await own.visits(), [[1, ada, at(0), 4]]);
    },
  },
  {
    name: 'ResetIdentitySpec: an identified user who is reset becomes a new one without identity, in a new session',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.identify(own.identity('ada'), at(0));
      client.resetIdentity(at(1));
      client.track('Step', own.labelled('after'), at(2));
      await client.flush();
      assert.deepEqual([client.userId, client.identity], [own.device(2), undefined]);
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { after: own.device(2) });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada'), [own.device(2)]: null });
      assert.deepEqual(await own.visits(), [
        [1, ada, at(0), 1],
        [2, own.device(2), at(1), 2],
      ]);
    },
  },
  {
    name: 'ExtendSessionSpec: a session goes on as long as its client says, 5 to 30 minutes, never back, and no other',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.extendSession(undefined, at(10), at(0));
      client.startRecording();
      client.track('Step', own.labelled('start'), at(0));
      client.extendSession(own.device(999), at(10), at(0));
      assert.equal(client.expiresAtMs, at(5));
      client.extendSession(client.sessionId, at(10), at(0));
      assert.equal(client.expiresAtMs, at(10));
      client.extendSession(client.sessionId, 0, at(0));
      assert.equal(client.expiresAtMs, at(10));
      client.extendSession(client.sessionId, at(999), at(0));
      assert.equal(client.expiresAtMs, at(30));
      client.track('Step', own.labelled('within'), at(29));
      // It has expired, and goes on all the same where the client asks for it.
      client.extendSession(client.sessionId, at(55), at(50));
      client.track('Step', own.labelled('again'), at(55));
      await client.flush();
    },
    async check(own) {
      assert.deepEqual(await own.visits(), [[1, own.device(1), at(0), 4]]);
    },
  },
  {
    name: 'ExtendSessionSpec: exactly at its expiry, which is cut to seconds, a session goes on; after it there is another',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.track('Step', own.labelled('start'), at(0) + 900);
      assert.equal(client.expiresAtMs, at(5));
      client.track('Step', own.labelled('at expiry'), at(5));
      client.track('Step', own.labelled('after'), at(10) + 1);
      await client.flush();
    },
    async check(own) {
      assert.deepEqual(await own.visits(), [
        [1, own.device(1), at(0) + 900, 3],
        [2, own.device(1), at(10) + 1, 2],
      ]);
    },
  },
  {
    name: 'TrackSpec: nothing is tracked before recording starts or after it stops, nor under an empty or over-long name',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.track('Step', own.labelled('before'), at(0));
      client.startRecording();
      client.track('', own.labelled('nameless'), at(0));
      client.track('あ'.repeat(513), own.labelled('over-long'), at(0));
      client.stopRecording();
      client.track('Step', own.labelled('after'), at(0));
      await client.flush();
    },
    async check(own) {
      assert.deepEqual(await own.owners(), {});
      assert.deepEqual(await own.users(), {});
    },
  },
  {
    name: 'TrackSpec: an event after the session starts another one of the same user, which has the time of the event',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.track('Step', own.labelled('first'), at(0));
      client.track('Step', own.labelled('second'), at(1));
      client.track('Step', own.labelled('third'), at(11));
      await client.flush();
    },
    async check(own) {
      assert.deepEqual(await own.visits(), [
        [1, own.device(1), at(0), 3],
        [2, own.device(1), at(11), 2],
      ]);
    },
  },
  {
    name: 'TrackSpec: an event has the event properties of its moment, as text, and its own',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      client.addEventProperties({ a: 1, b: 2, c: true });
      client.removeEventProperty('c');
      client.track('Step', { ...own.labelled('one'), d: false }, at(0));
      client.addEventProperties({ a: 'hello', e: '4' });
      await client.flush();
    },
    async check(own) {
      const [row] = await own.rows<{ properties: string }>(
        `SELECT toString(properties) AS properties FROM cairn.events WHERE device_id = ${own.device(1)} AND name = 'Step'`,
      );
      assert.deepEqual(JSON.parse(row?.properties ?? ''), {
        a: '1',
        b: '2',
        d: 'false',
        ...own.labelled('one'),
      });
    },
  },
  {
    name: 'TrackSpec: a thousand events arrive once each, in the order they were tracked',
    ways: CLIENT,
    async send(own) {
      const client = own.swiftClient();
      client.startRecording();
      for (let index = 0; index < 1000; index += 1)
        client.track('Step', own.labelled(`${index}`), at(0) + index);
      await client.flush();
    },
    async check(own) {
      const rows = await own.rows<{ label: string }>(
        `SELECT toString(properties.label) AS label FROM cairn.events
WHERE device_id = ${own.device(1)} AND name = 'Step' ORDER BY time`,
      );
      assert.deepEqual(
        rows.map(({ label }) => label),
        Array.from({ length: 1000 }, (_, index) => `${index}`),
      );
      assert.deepEqual(await own.visits(), [[1, own.device(1), at(0), 1001]]);
    },
  },
];

type Asked = Parameters<TableRow['check']>[0];

/** The event property `plan` of each event, by the event's label. */
async function plansOf(own: Asked): Promise<Record<string, string | null>> {
  const rows = await own.rows<{ label: string; plan: string | null }>(
    `SELECT toString(properties.label) AS label, CAST(properties.plan, 'Nullable(String)') AS plan FROM cairn.events
WHERE name = 'Step' AND device_id BETWEEN ${own.device(1)} AND ${own.device(99)}`,
  );
  return Object.fromEntries(rows.map(({ label, plan }) => [label, plan]));
}
