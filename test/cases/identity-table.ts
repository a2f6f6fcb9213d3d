/** The case table of identities: over which APIs each case goes, what it sends and what SQL says of it then. */
import assert from 'node:assert/strict';
import { canonicalUserId } from '#schemas/ids.ts';
import type { IdentityCase, Way } from '../support/identity-case.ts';
import { until } from '../support/until.ts';

const BOTH: readonly Way[] = ['server', 'client'];

export type TableRow = {
  readonly name: string;
  readonly ways: readonly Way[];
  send(own: IdentityCase): Promise<void>;
  check(own: IdentityCase): Promise<void>;
};

/** An earlier moment, ISO 8601. */
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
const NOW = Date.now();

const DAYS = 24 * 60;

export const IDENTITY_TABLE: readonly TableRow[] = [
  {
    name: 'a first identify: what the device did and does is the person’s, and its session goes on',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'before', { time: ago(10) });
      await own.identify(own.device(1), own.identity('ada'), ago(9));
      await own.event(own.device(1), 'after', { time: ago(8) });
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { before: ada, after: ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada });
      assert.deepEqual(await own.sessions(), own.way === 'client' ? [[ada, 2]] : []);
      assert.deepEqual(await own.ignored(), []);
    },
  },
  {
    name: 'a second device joins, with its own sessions',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'first', { time: ago(20) });
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(2), 'second before', { time: ago(19) });
      await own.identify(own.device(2), own.identity('ada'));
      await own.event(own.device(2), 'second after', { time: ago(18) });
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { first: ada, 'second before': ada, 'second after': ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada, [own.device(2)]: ada });
      const sessions = [
        [ada, 1],
        [ada, 2],
      ];
      assert.deepEqual(await own.sessions(), own.way === 'client' ? sessions : []);
    },
  },
  {
    name: 'the same identity again changes nothing, and a number is the same as its digits',
    ways: BOTH,
    async send(own) {
      const number = own.device(7);
      await own.identify(own.device(1), own.identity('ada'), ago(5));
      await own.event(own.device(1), 'between');
      await own.identify(own.device(1), own.identity('ada'), ago(2));
      await own.identify(own.device(2), String(number));
      assert.equal((await own.tryIdentify(own.device(2), number)).status, 200);
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { between: ada });
      assert.deepEqual(await own.migrations(), {
        [own.device(1)]: ada,
        [own.device(2)]: canonicalUserId(1, String(own.device(7))),
      });
      assert.deepEqual(
        await own.rows(
          `SELECT toString(time) AS time FROM main_production.user_migrations WHERE from_user_id = ${own.device(1)}`,
        ),
        [{ time: ago(5).slice(0, -1).replace('T', ' ') }],
      );
      assert.deepEqual(await own.ignored(), []);
    },
  },
  {
    name: 'one identity a user id: another one on a bound id is ignored and audited',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'before', { time: ago(6) });
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(1), 'as ada', { time: ago(5) });
      await own.identify(own.device(1), own.identity('bob'));
      await own.event(own.device(1), 'as bob', { time: ago(4), identity: own.identity('bob') });
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { before: ada, 'as ada': ada, 'as bob': ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada });
      assert.deepEqual(await own.sessions(), own.way === 'client' ? [[ada, 3]] : []);
      assert.deepEqual(await own.ignored(), [
        [own.device(1), own.identity('bob'), 'bound_to_another_identity'],
      ]);
    },
  },
  {
    name: 'after a reset there is a new user id without identity, and a session of its own',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'as ada', { time: ago(6) });
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(2), 'after the reset', { time: ago(5) });
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { 'as ada': ada, 'after the reset': own.device(2) });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada'), [own.device(2)]: null });
      const sessions = [
        [ada, 1],
        [own.device(2), 1],
      ];
      assert.deepEqual(await own.sessions(), own.way === 'client' ? sessions : []);
    },
  },
  {
    name: 'a shared device: what is browsed before somebody else logs in is still the first person’s',
    ways: BOTH,
    async send(own) {
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(1), 'ada', { time: ago(9) });
      await own.event(own.device(1), 'somebody', { time: ago(8) });
      await own.identify(own.device(2), own.identity('bob'));
      await own.event(own.device(2), 'bob', { time: ago(7) });
    },
    async check(own) {
      const [ada, bob] = [own.user('ada'), own.user('bob')];
      assert.deepEqual(await own.owners(), { ada, somebody: ada, bob });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada'), [bob]: own.identity('bob') });
      const sessions = [
        [ada, 2],
        [bob, 1],
      ];
      assert.deepEqual(await own.sessions(), own.way === 'client' ? sessions : []);
    },
  },
  {
    name: 'what a server says of a person before and after a device is merged belongs to the same user',
    ways: BOTH,
    async send(own) {
      await own.serverEvent(own.identity('ada'), 'server before');
      await own.event(own.device(1), 'device');
      await own.identify(own.device(1), own.identity('ada'));
      await own.serverEvent(own.identity('ada'), 'server after');
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { 'server before': ada, device: ada, 'server after': ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(await own.migrations(), { [own.device(1)]: ada });
    },
  },
  {
    name: 'an event with a raw user id that was migrated is the person’s, and so are properties',
    ways: BOTH,
    async send(own) {
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(1), 'raw id');
      await own.setProperties(own.device(1), { city: 'Ulm' });
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { 'raw id': ada });
      assert.deepEqual(
        await own.rows(
          `SELECT user_id, city FROM main_production.users WHERE user_id IN (${ada}, ${own.device(1)})`,
        ),
        [{ user_id: ada, city: 'Ulm' }],
      );
    },
  },
  {
    name: 'an identity nobody has heard of makes a user, by an event and by properties alone',
    ways: ['server'],
    async send(own) {
      await own.serverEvent(own.identity('ada'), 'first sight');
      await own.setProperties(own.identity('bob'), { plan: 'pro' });
    },
    async check(own) {
      const [ada, bob] = [own.user('ada'), own.user('bob')];
      assert.deepEqual(await own.owners(), { 'first sight': ada });
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada'), [bob]: own.identity('bob') });
      assert.deepEqual(await own.migrations(), {});
    },
  },
  {
    name: 'identities are case-sensitive',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'small');
      await own.identify(own.device(1), own.identity('ada'));
      await own.event(own.device(2), 'capital');
      await own.identify(own.device(2), own.identity('Ada'));
    },
    async check(own) {
      assert.notEqual(own.user('ada'), own.user('Ada'));
      assert.deepEqual(await own.owners(), { small: own.user('ada'), capital: own.user('Ada') });
    },
  },
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
    name: 'the time of an identify is that of the migration, and all events move whatever it says',
    ways: BOTH,
    async send(own) {
      await own.event(own.device(1), 'long before', { time: ago(3 * DAYS) });
      await own.event(own.device(1), 'long after', { time: ago(1) });
      await own.identify(own.device(1), own.identity('ada'), ago(2 * DAYS));
    },
    async check(own) {
      const ada = own.user('ada');
      assert.deepEqual(await own.owners(), { 'long before': ada, 'long after': ada });
      assert.deepEqual(
        await own.rows(
          `SELECT toString(time) AS time FROM main_production.user_migrations WHERE from_user_id = ${own.device(1)}`,
        ),
        [
          {
            time: ago(2 * DAYS)
              .slice(0, -1)
              .replace('T', ' '),
          },
        ],
      );
    },
  },
  {
    name: 'a late identify joins everything the device ever did',
    ways: BOTH,
    async send(own) {
      for (const days of [400, 40, 4])
        await own.event(own.device(1), `${days} days ago`, { time: ago(days * DAYS) });
      await own.identify(own.device(1), own.identity('ada'));
    },
    async check(own) {
      const ada = own.user('ada');
      const owners = { '400 days ago': ada, '40 days ago': ada, '4 days ago': ada };
      assert.deepEqual(await own.owners(), owners);
      assert.deepEqual(await own.users(), { [ada]: own.identity('ada') });
      assert.deepEqual(
        await own.rows(
          `SELECT toString(joindate) AS first FROM main_production.users WHERE user_id = ${ada}`,
        ),
        [
          {
            first: ago(400 * DAYS)
              .slice(0, -1)
              .replace('T', ' '),
          },
        ],
      );
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
  {
    name: 'the same identity in another environment is somebody else',
    ways: ['server'],
    async send(own) {
      await own.serverEvent(own.identity('ada'), 'here');
      const there = { app_id: '12', identity: own.identity('ada'), event: 'Elsewhere' };
      assert.equal((await own.post('/api/track', there)).status, 200);
    },
    async check(own) {
      assert.deepEqual(await own.owners(), { here: own.user('ada') });
      assert.deepEqual(await own.rows("SELECT user_id FROM staging.all_events WHERE name = 'Elsewhere'"), [
        { user_id: canonicalUserId(2, own.identity('ada')) },
      ]);
    },
  },
];
