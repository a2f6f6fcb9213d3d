/** What does not merge, and why: what each case sends over which APIs, and what SQL says of it then. */
import assert from 'node:assert/strict';
import type { TableRow, Way } from '../support/identity-case.ts';
import { until } from '../support/until.ts';

const BOTH: readonly Way[] = ['server', 'client'];

export const REFUSAL_TABLE: readonly TableRow[] = [
  {
    name: 'placeholder and empty identities are refused, and join nobody',
    ways: BOTH,
    async send(own) {
      for (const [index, identity] of [
        'undefined',
        'null',
        'USER',
        '0',
        '[object Object]',
        '',
        ' ',
      ].entries()) {
        await own.event(own.device(index), `${index}`);
        const { status, body } = await own.tryIdentify(own.device(index), identity);
        assert.equal(status, 400);
        assert.match(JSON.stringify(body), /is a placeholder|it is empty/);
      }
    },
    async check(own) {
      const owners = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [index, own.device(index)]));
      assert.deepEqual(await own.owners(), owners);
      assert.deepEqual(await own.migrations(), {});
    },
  },
  {
    name: 'ten user ids of an identity in 30 days: the server’s eleventh is ignored and kept with its reason',
    ways: ['server'],
    async send(own) {
      for (let index = 1; index <= 11; index += 1) {
        await own.event(own.device(index), `${index}`);
        await own.identify(own.device(index), own.identity('ada'));
      }
    },
    async check(own) {
      const bound = Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [index + 1, own.user('ada')]),
      );
      assert.deepEqual(await own.owners(), { ...bound, 11: own.device(11) });
      assert.equal(Object.keys(await own.migrations()).length, 10);
      assert.deepEqual(await own.users(), { [own.user('ada')]: own.identity('ada'), [own.device(11)]: null });
      assert.deepEqual(await own.reasons(own.device(11)), { [own.device(11)]: 'limit_of_10_in_30_days' });
    },
  },
  {
    name: 'an environment may have another limit of user ids',
    ways: ['server'],
    async send(own) {
      for (const device of [1, 2, 3].map((index) => own.device(index))) {
        const body = { app_id: '12', user_id: device, identity: own.identity('ada') };
        assert.equal((await own.post('/api/v1/identify', body)).status, 200);
      }
    },
    async check(own) {
      assert.deepEqual(
        await own.rows(`SELECT from_user_id, reason FROM cairn.user_migrations FINAL
WHERE environment = 2 AND counts = 0`),
        [{ from_user_id: own.device(3), reason: 'limit_of_2_in_30_days' }],
      );
    },
  },
  {
    name: 'a client may identify on any number of devices',
    ways: ['client'],
    async send(own) {
      for (let index = 1; index <= 12; index += 1) {
        await own.event(own.device(index), `${index}`);
        await own.identify(own.device(index), own.identity('ada'));
      }
    },
    async check(own) {
      assert.deepEqual(new Set(Object.values(await own.owners())), new Set([own.user('ada')]));
      assert.equal(Object.keys(await own.migrations()).length, 12);
    },
  },
  {
    name: 'an id that is itself canonical cannot be identified as somebody else: no takeover',
    ways: BOTH,
    async send(own) {
      const victim = own.user('victim');
      await own.serverEvent(own.identity('victim'), 'known');
      await own.identify(victim, own.identity('thief'));
      await own.identify(victim, own.identity('victim'));
      await own.serverEvent(own.identity('victim'), 'still');
      await own.event(victim, 'under the public hash');
    },
    async check(own) {
      const victim = own.user('victim');
      // The event that makes the victim known and the binding take different ways into ClickHouse.
      await until('the binding to be judged', async () => (await own.reasons(victim))[victim] !== undefined);
      assert.deepEqual(await own.reasons(victim), { [victim]: 'canonical_id' });
      assert.deepEqual(await own.owners(), { known: victim, still: victim, 'under the public hash': victim });
      assert.deepEqual(await own.users(), { [victim]: own.identity('victim') });
    },
  },
  {
    name: 'the same email on two users makes them no one user',
    ways: BOTH,
    async send(own) {
      for (const [index, label] of ['ada', 'bob'].entries()) {
        await own.event(own.device(index), label);
        await own.identify(own.device(index), own.identity(label));
        await own.setProperties(own.device(index), { email: 'one@shop.example' });
      }
    },
    async check(own) {
      const [ada, bob] = [own.user('ada'), own.user('bob')];
      assert.deepEqual(await own.owners(), { ada, bob });
      const users = await own.rows<{ user_id: number }>(
        `SELECT user_id, email FROM main_production.users WHERE user_id IN (${ada}, ${bob})`,
      );
      const email = 'one@shop.example';
      const byId = (left: { user_id: number }, right: { user_id: number }) => left.user_id - right.user_id;
      assert.deepEqual(
        users.sort(byId),
        [
          { user_id: ada, email },
          { user_id: bob, email },
        ].sort(byId),
      );
    },
  },
  {
    name: 'an identity that an event carries binds nothing: only an identify does',
    ways: ['client'],
    async send(own) {
      await own.event(own.device(1), 'carries it', { identity: own.identity('ada') });
    },
    async check(own) {
      assert.deepEqual(await own.owners(), { 'carries it': own.device(1) });
      assert.deepEqual(await own.users(), { [own.device(1)]: null });
      assert.deepEqual(await own.migrations(), {});
    },
  },
];
