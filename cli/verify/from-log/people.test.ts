import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredBinding, UserRow } from '#queries/resolved-rows.ts';
import { sessionCodec } from '#schemas/codec.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import { columnName } from '#schemas/names.ts';
import type { Collected, Session } from '#schemas/types.ts';
import { accountColumnsOf } from './account-columns.ts';
import { compareBindings, compareResolvedDevices } from './compare-bindings.ts';
import { compareUsers } from './compare-users.ts';
import { PartitionFold } from './partition-fold.ts';
import { People } from './people.ts';
import { handMadeLog, T0 } from './testing.ts';
import { Touched } from './touched.ts';
import { userColumn } from './user-columns.ts';
import { usersOf } from './users.ts';

const ann = canonicalUserId(1, 'ann');
const bob = canonicalUserId(1, 'bob');

/** The people of partitions that are written by hand. */
function peopleOf(...partitions: Partial<Collected>[][]): People {
  const people = new People();
  partitions.forEach((inputs, partition) => {
    const options = {
      partition,
      partitions: 2,
      generation: 1,
      isRejected: () => false,
      broadcasts: new Map(),
      isRefused: () => false,
    };
    people.add(new PartitionFold(options).add(handMadeLog(inputs, partition)), partition);
  });
  return people;
}

const identify = (device_id: number, identity: string, source = 'web') => ({
  kind: 'identify',
  device_id,
  identity,
  source,
});

test('judge() decides over all partitions: limit of ten by the server, and no canonical id as a device', () => {
  const people = peopleOf(
    Array.from({ length: 11 }, (_, at) => identify(100 + at, 'ann', 'server')),
    [identify(bob, 'ann'), { device_id: bob, identity: 'bob', source: 'server' }],
  );
  const judged = people.judge();
  assert.deepEqual(judged.get(1, 110)?.reason, 'limit_of_10_in_30_days');
  assert.deepEqual(judged.get(1, bob)?.reason, 'canonical_id');
  assert.equal([...judged.entries()].filter(([, , { counts }]) => counts).length, 10);
});

test('collisions() names two identities on one canonical id', () => {
  const people = peopleOf([identify(1, 'ann')]);
  const [binding] = [...people.bindings.of(1).values()];
  assert.deepEqual(people.collisions(), []);
  const other = { ...binding!, from_user_id: 2, identity: 'anna' };
  people.add({ events: [], userChanges: [], accountChanges: [], bindings: [other] }, 0);
  assert.deepEqual(people.collisions(), [{ environment: 1, userId: ann, identities: ['ann', 'anna'] }]);
});

const set = (device_id: number, properties: object, time: number) => ({
  kind: 'user_properties',
  device_id,
  properties: JSON.stringify(properties),
  time,
});

const LOG = [
  [
    { device_id: 1, time: T0 - 5 },
    identify(1, 'ann'),
    set(1, { plan: 'old', email: 'a@x' }, T0 + 9),
    { device_id: 3 },
  ],
  [set(2, { plan: 'new' }, T0 + 10), set(2, { Plan: 'newest', email: 'b@x' }, T0 + 8), identify(2, 'ann')],
];

const ANN: UserRow = {
  user_id: ann,
  identity: 'ann',
  joindateMs: T0 - 5,
  lastModifiedMs: T0 + 2000,
  handle: null,
  email: 'a@x',
  plan: 'new',
};
const OTHER: UserRow = {
  user_id: 3,
  identity: null,
  joindateMs: T0 + 3000,
  lastModifiedMs: T0 + 3000,
  handle: null,
  email: null,
  plan: null,
};

async function compare(rows: readonly UserRow[], log: Partial<Collected>[][] = LOG) {
  const people = peopleOf(...log);
  const users = usersOf(people, people.judge());
  const { different } = await compareUsers(1, users.of(1), asyncOf(rows), ['plan', 'Plan', 'email']);
  return different.map(({ id, columns }) => [id, ...columns.map(({ column }) => column)]);
}

async function* asyncOf<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}

test('compareUsers() takes the last write over all devices of a user', async () => {
  assert.deepEqual(await compare([ANN, OTHER]), []);
});

test('compareUsers() names every column that differs, and users that only one side has', async () => {
  assert.deepEqual(
    await compare([
      { ...ANN, plan: 'newest', joindateMs: T0 },
      { ...OTHER, user_id: 2 },
    ]),
    [
      [ann, 'joindateMs', 'plan'],
      [2, 'row'],
      [3, 'row'],
    ],
  );
  assert.deepEqual(await compare([{ ...ANN, identity: 'eve', handle: 'x' }, OTHER]), [
    [ann, 'identity', 'handle'],
  ]);
});

test('compareUsers() tells properties from what the query adds, whatever they are named', async () => {
  const properties = { joindate_ms: 'monday', last_modified_ms: 5, joindate: 'soon' };
  const row: UserRow = {
    user_id: 1,
    identity: null,
    joindateMs: T0,
    lastModifiedMs: T0,
    joindate_ms: 'monday',
    last_modified_ms: 5,
    joindate_property: 'soon',
  };
  const log = [[{ ...set(1, properties, T0), received_at: T0 }]];
  assert.deepEqual(await compare([row], log), []);
  assert.deepEqual(await compare([{ ...row, last_modified_ms: 6, joindateMs: 0 }], log), [
    [1, 'joindateMs', 'last_modified_ms'],
  ]);
  for (const added of ['joindateMs', 'lastModifiedMs']) assert.notEqual(columnName(added), added);
});

test('compareUsers() wants the description of the earliest session of all devices of a user', async () => {
  const people = peopleOf([
    { ...identify(1, 'ann'), time: T0 },
    { device_id: 1, event_id: 1, time: T0 },
    { device_id: 2, event_id: 2, time: T0 },
    { ...identify(2, 'ann'), time: T0 },
  ]);
  const sessionOf = (fields: Partial<Session>) =>
    people.addSession(sessionCodec.decode(sessionCodec.encode({ environment: 1, ...fields })));
  sessionOf({ device_id: 1, session_id: 1, started_at: 30, utm_source: 'late' });
  sessionOf({ device_id: 2, session_id: 2, started_at: 20, event_id: 2, referrer: 'first' });
  sessionOf({ device_id: 2, session_id: 3, started_at: 20, event_id: 3, utm_source: 'same time' });
  sessionOf({ device_id: 2, session_id: 4, started_at: 10, merged_into: 2, utm_source: 'absorbed' });
  sessionOf({ device_id: 9, session_id: 5, started_at: 5, utm_source: 'nobody' });
  const users = usersOf(people, people.judge()).of(1);
  const user = users.get(ann)!;
  const row: UserRow = {
    user_id: ann,
    identity: 'ann',
    joindateMs: user.joinedMs,
    lastModifiedMs: user.modifiedMs,
    initial_referrer: 'first',
    initial_utm_source: null,
  };
  const differing = async (found: UserRow) =>
    (await compareUsers(1, users, asyncOf([found]), [])).different.flatMap(({ columns }) =>
      columns.map(({ column }) => column),
    );
  assert.deepEqual(await differing(row), []);
  assert.deepEqual(await differing({ ...row, initial_referrer: null, initial_utm_source: 'late' }), [
    'initial_referrer',
    'initial_utm_source',
  ]);
});

test('compareUsers() takes a value that is not of its column’s type from the column of texts', async () => {
  const log = [[{ ...set(1, { seats: 'many', on: 'TRUE', n: '5' }, T0), received_at: T0 }]];
  const times = { joindateMs: T0, lastModifiedMs: T0 };
  const texts = { seats__text: 'many', on__text: 'TRUE', n__text: '5' };
  const row: UserRow = { user_id: 1, identity: null, ...times, ...texts, seats: null, on: true, n: 5 };
  assert.deepEqual(await compare([row], log), []);
  assert.deepEqual(await compare([{ ...row, seats__text: 'few', on: false, n: 6 }], log), [
    [1, 'seats__text', 'on', 'n'],
  ]);
  assert.deepEqual(await compare([{ ...row, other__text: 'x' }], log), [[1, 'other__text']]);
});

test('compareUsers() knows the column of times beside a text, and what may be none', async () => {
  const of = (at: string) => [[{ ...set(1, { at }, T0), received_at: T0 }]];
  const times = { joindateMs: T0, lastModifiedMs: T0 };
  const found = (at: string, at__time: string | null): UserRow => ({
    ...{ user_id: 1, identity: null, ...times, at, at__time },
  });
  const shown = [
    ['2026-01-01', '2026-01-01 00:00:00.000'],
    ['2026-01-01 10:00', '2026-01-01 10:00:00.000'],
    ['2026-01-01T10:00:00.1239+05:30', '2026-01-01 04:30:00.123'],
    ['0001-01-01', '0001-01-01 00:00:00.000'],
    ['2026-02-30', null],
    ['0000-00-00', null],
    ['2026-01-01T10:00:60Z', null],
    ['soon', null],
  ] as const;
  for (const [at, time] of shown) assert.deepEqual(await compare([found(at, time)], of(at)), [], at);
  for (const wrong of [null, '2026-01-01 01:00:00.000'])
    assert.deepEqual(await compare([found('2026-01-01', wrong)], of('2026-01-01')), [[1, 'at__time']]);
});

test('userColumn() gives built-in columns to exact names alone', () => {
  assert.deepEqual(
    ['email', 'Email', 'joindate', 'In CRM', '', 'x.:`String`'].map((name) => userColumn(name)),
    ['email', 'email_property', 'joindate_property', 'in_crm', undefined, undefined],
  );
});

test('compareUsers() knows the properties of a user’s account, and tells another account’s', async () => {
  const people = peopleOf([
    { kind: 'account_properties', account_id: 'a', properties: '{"seats":1,"name":"A"}', time: T0 },
    { kind: 'account_properties', account_id: 'a', properties: '{"seats":2}', time: T0 + 1 },
    { ...set(1, { company: 'a', account_name: 'mine' }, T0), received_at: T0 },
  ]);
  const names = ['company', 'account_name'];
  const accounts = {
    idProperty: 'company',
    writes: people.accounts.get(1)!,
    columns: accountColumnsOf(['seats', 'name', 'user_count'], names, 'company'),
  };
  const users = usersOf(people, people.judge()).of(1);
  const row: UserRow = {
    user_id: 1,
    identity: null,
    joindateMs: T0,
    lastModifiedMs: T0,
    company: 'a',
    account_id: 'a',
    account_name: 'mine',
    account_seats: 2,
    account_name_property: 'A',
  };
  const differing = async (found: UserRow) =>
    (await compareUsers(1, users, asyncOf([found]), names, accounts)).different.flatMap(({ columns }) =>
      columns.map(({ column }) => column),
    );
  assert.deepEqual(await differing(row), []);
  assert.deepEqual(await differing({ ...row, account_seats: 1, account_id: 'b', account_name: 'A' }), [
    'account_name',
    'account_id',
    'account_seats',
  ]);
  assert.deepEqual(
    [...accountColumnsOf(['Seats', 'seats', 'user_count', 'id'], ['account_seats'], 'company').values()],
    [
      'account_seats_property',
      'account_seats_property',
      'account_user_count_property',
      'account_id_property',
    ],
  );
});

test('compareBindings() names verdicts that differ, and bindings that only one side has', () => {
  const people = peopleOf([identify(1, 'ann'), identify(2, 'bob')]);
  const judged = people.judge();
  const rowOf = (from: number): StoredBinding => {
    const { partition, offset, ...binding } = judged.get(1, from)!.binding;
    return { ...binding, origin_partition: partition, origin_offset: offset, counts: 1, reason: '' };
  };
  const named = (rows: readonly StoredBinding[]) =>
    compareBindings(judged, rows).different.map(({ id, columns }) => [
      id,
      ...columns.map(({ column }) => column),
    ]);
  assert.deepEqual(named([rowOf(1), rowOf(2)]), []);
  assert.deepEqual(
    named([
      { ...rowOf(1), counts: 0, reason: 'x' },
      { ...rowOf(2), from_user_id: 3 },
    ]),
    [
      [1, 'counts', 'reason'],
      [3, 'row'],
      [2, 'row'],
    ],
  );
  assert.deepEqual(named([rowOf(1), rowOf(2), { ...rowOf(2), to_user_id: 5 }]), [[2, 'row']]);
});

test('compareResolvedDevices() tells events that the resolver gives to another user', () => {
  const people = peopleOf(...LOG);
  const judged = people.judge();
  const right = { environment: 1, device_id: 1, user_id: ann, events: 1 };
  assert.deepEqual(compareResolvedDevices(people, judged, [right]).different, []);
  const wrong = compareResolvedDevices(people, judged, [{ ...right, device_id: 3 }]).different;
  assert.deepEqual(
    wrong.map(({ id, columns }) => [id, columns[0]?.log, columns[0]?.found]),
    [
      [1, ann, 1],
      [3, 3, ann],
    ],
  );
});

test('Touched sets aside whom later records are about, with all of an identity whose bindings may change', () => {
  const judged = peopleOf([identify(1, 'ann'), identify(2, 'ann'), identify(4, 'bob')]).judge();
  const touched = new Touched();
  for (const { value } of handMadeLog([identify(7, 'ann'), { device_id: 8 }])) touched.note(value);
  touched.note(Buffer.from('not avro'));
  const people = touched.people(judged);
  assert.deepEqual(
    [1, 2, 7, 8, ann].map((id) => people.has(1, id)),
    [true, true, true, true, true],
  );
  assert.deepEqual(
    [4, bob].map((id) => people.has(1, id)),
    [false, false],
  );
  assert.equal(touched.isDevice(1, 8), true);
  assert.equal(touched.isDevice(1, 1), false);
});
