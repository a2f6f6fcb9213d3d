/** Who becomes whom: what each case sends over which APIs, and what SQL says of it then. */
import assert from 'node:assert/strict';
import { canonicalUserId } from '#schemas/ids.ts';
import type { TableRow, Way } from '../support/identity-case.ts';

const BOTH: readonly Way[] = ['server', 'client'];

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
