import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { canonicalUserId } from '#schemas/ids.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
/** Yesterday, so that every session is over. */
const T0 = Math.floor(Date.now() / MINUTE) * MINUTE - 24 * 60 * MINUTE;
const [LAPTOP, PHONE, STRANGER] = [1001, 1002, 1003];

let stack: Stack;

before(async () => {
  stack = await startStack(['main_production'], { accountIdProperty: 'Company' });
});

after(() => stack?.stop());

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, stack.collector), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app_id: 'main_production', ...body }),
  });
  assert.equal(response.status, 200, await response.text());
}

const capture = (userId: number, events: readonly object[]) =>
  post('/v1/capture', { user_id: userId, events });

async function untilRows(sql: string, expected: readonly unknown[]): Promise<void> {
  let last = '';
  const wanted = JSON.stringify(expected);
  await until(`${sql} to answer ${wanted}, not`, async () => {
    last = await stack.rows(sql).then(JSON.stringify, (error: Error) => error.message);
    if (last === wanted) return true;
    throw new Error(last);
  });
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of the program, whose every part is compared.
async function userOf(...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await stack.cairn('user', ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

test('user tells of any id who it is: devices, merges, properties with who set them, sessions', async () => {
  const at = (minutes: number) => T0 + minutes * MINUTE;
  await capture(LAPTOP, [
    { type: 'pageview', timestamp: at(0), page: { url: 'https://shop.example/?utm_source=news' } },
    { type: 'custom', name: 'Look', timestamp: at(1) },
    { type: 'user_properties', timestamp: at(2), properties: { plan: 'free', seats: 1 } },
    { type: 'identify', timestamp: at(3), identity: 'ann' },
  ]);
  await capture(PHONE, [
    { type: 'custom', name: 'Look', timestamp: at(200) },
    { type: 'identify', timestamp: at(201), identity: 'ann' },
    { type: 'user_properties', timestamp: at(202), properties: { plan: 'pro' } },
  ]);
  await post('/api/track', {
    events: [
      { identity: 'ann', event: 'Renewal', timestamp: new Date(at(0.5)).toISOString() },
      { identity: 'ann', event: 'Invoice', timestamp: new Date(at(60)).toISOString() },
      { identity: 'ann', event: 'Payment', timestamp: new Date(at(90)).toISOString() },
      { identity: 'ann', event: 'Receipt', timestamp: new Date(at(91)).toISOString() },
    ],
  });
  await capture(STRANGER, [{ type: 'user_properties', timestamp: at(0), properties: { plan: 'trial' } }]);
  const ann = canonicalUserId(1, 'ann');
  await untilRows(`SELECT user_id, count() AS n FROM main_production.all_events GROUP BY user_id`, [
    { user_id: ann, n: 7 },
  ]);
  await untilRows('SELECT count() AS n FROM main_production.sessions', [{ n: 2 }]);
  await untilRows('SELECT user_id, plan FROM main_production.users ORDER BY plan', [
    { user_id: ann, plan: 'pro' },
    { user_id: STRANGER, plan: 'trial' },
  ]);

  const found = await userOf('ann', '--timeline');
  assert.deepEqual(found.askedFor, { as: 'identity', value: 'ann' });
  assert.equal(found.userId, ann);
  assert.deepEqual(found.identities, ['ann']);
  assert.equal(found.firstSeen, new Date(at(0)).toISOString());
  assert.equal(found.lastSeen, new Date(at(202)).toISOString());
  assert.equal(found.events, 7);
  assert.equal(found.sessionCount, 2);
  assert.deepEqual(
    found.devices.map((device: Record<string, unknown>) => [
      device['deviceId'],
      device['events'],
      device['sources'],
    ]),
    [
      [PHONE, 1, ['web']],
      [ann, 4, ['server']],
      [LAPTOP, 2, ['web']],
    ],
  );
  assert.deepEqual(
    found.merges
      .map((merge: Record<string, unknown>) => [
        merge['deviceId'],
        merge['userId'],
        merge['identity'],
        merge['time'],
        merge['source'],
        merge['counts'],
        merge['reason'],
      ])
      .toSorted(),
    [
      [LAPTOP, ann, 'ann', new Date(at(3)).toISOString(), 'web', true, null],
      [PHONE, ann, 'ann', new Date(at(201)).toISOString(), 'web', true, null],
    ],
  );
  const [plan, seats] = found.properties;
  assert.deepEqual(
    [plan.name, plan.value, plan.time, plan.deviceId, plan.source],
    ['plan', 'pro', new Date(at(202)).toISOString(), PHONE, 'web'],
  );
  assert.deepEqual(plan.replaced, { value: 'free', time: new Date(at(2)).toISOString() });
  assert.deepEqual([seats.name, seats.value, seats.deviceId, seats.replaced], ['seats', 1, LAPTOP, null]);
  const places = await stack.rows<{ place: string }>(
    "SELECT concat(toString(origin_partition), '/', toString(origin_offset)) AS place FROM cairn.user_properties",
  );
  assert.ok(places.some(({ place }) => place === `${plan.place.partition}/${plan.place.offset}`));
  assert.deepEqual(
    found.timeline.map(
      ({ session, events }: { session?: { deviceId: number }; events: { name: string }[] }) => [
        session?.deviceId ?? 'server',
        ...events.map(({ name }) => name),
      ],
    ),
    [
      [LAPTOP, 'pageview', 'Renewal', 'Look'],
      ['server', 'Invoice', 'Payment'],
      ['server', 'Receipt'],
      [PHONE, 'Look'],
    ],
  );

  const byDevice = await userOf(String(PHONE));
  assert.deepEqual(byDevice.askedFor, { as: 'device id', value: String(PHONE) });
  const { queryMs: _, timeline: __, askedFor: ___, ...same } = found;
  const { queryMs: ____, askedFor: _____, ...other } = byDevice;
  assert.deepEqual(other, same);
  assert.equal((await userOf(String(ann))).askedFor.as, 'user id');

  const stranger = await userOf(String(STRANGER));
  assert.deepEqual(
    [stranger.userId, stranger.identities, stranger.merges, stranger.events],
    [STRANGER, [], [], 0],
  );
  assert.deepEqual(stranger.properties[0].value, 'trial');
});

test('user says which id nobody has, and takes a number for an identity only where it is told to', async () => {
  const unknown = await stack.cairn('user', '77');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /Nobody in main_production has the user or device id 77; .*--identity 77/);
  await post('/api/track', { identity: '77', event: 'Numbered' });
  await untilRows("SELECT count() AS n FROM main_production.all_events WHERE name = 'Numbered'", [{ n: 1 }]);
  assert.deepEqual((await userOf('--identity', '77')).identities, ['77']);
  assert.equal((await stack.cairn('user', '77')).code, 1);
  assert.equal((await stack.cairn('user', 'ANN')).code, 1);
  assert.equal((await stack.cairn('user')).code, 2);
});

test('user shows a merge that was refused, and why', async () => {
  const ann = canonicalUserId(1, 'ann');
  await post('/api/v1/identify', { user_id: String(ann), identity: 'thief' });
  await untilRows("SELECT counts FROM cairn.user_migrations FINAL WHERE identity = 'thief'", [{ counts: 0 }]);
  const found = await userOf(String(ann));
  assert.deepEqual(found.identities, ['ann']);
  const [merge] = found.merges;
  assert.deepEqual(
    [merge.deviceId, merge.identity, merge.counts, merge.reason],
    [ann, 'thief', false, 'canonical_id'],
  );
});

test('what user --sql prints answers in cairn sql, and holds nothing of the argument but as a literal', async () => {
  const { stdout } = await stack.cairn('user', "o'hara", '--sql', '--timeline');
  assert.ok(!stdout.includes("o'hara"));
  const ann = canonicalUserId(1, 'ann');
  const queries = stdout.split(';\n').map((sql) => sql.replaceAll('{user:UInt64}', String(ann)));
  assert.equal(queries.length, 7);
  for (const query of queries) {
    const { code, stderr } = await stack.cairn('sql', query);
    assert.equal(code, 0, stderr);
  }
});

test('initial_*: a user is described by the earliest session of all its devices, whichever came first', async () => {
  const initial = `SELECT initial_utm_source, initial_landing_page, initial_landing_page_query, initial_referrer, initial_browser, initial_device_type
FROM main_production.users WHERE identity = 'ann'`;
  const described = { initial_landing_page: 'shop.example/', initial_landing_page_query: '?utm_source=news' };
  const none = { initial_referrer: null, initial_browser: null, initial_device_type: null };
  await untilRows(initial, [{ initial_utm_source: 'news', ...described, ...none }]);
  // A third device was there before the others, and is bound later.
  const TABLET = 1004;
  const at = (minutes: number) => T0 - (300 - minutes) * MINUTE;
  await capture(TABLET, [
    { type: 'custom', name: 'Open', timestamp: at(0) },
    { type: 'identify', timestamp: at(5), identity: 'ann' },
  ]);
  await untilRows(initial, [
    { initial_utm_source: null, initial_landing_page: null, initial_landing_page_query: null, ...none },
  ]);
  // The pageview of that session comes later, and describes it.
  await capture(TABLET, [
    {
      type: 'pageview',
      timestamp: at(1),
      page: { url: 'https://shop.example/sale?utm_source=ads', referrer: 'https://news.example/a' },
    },
  ]);
  await untilRows(initial, [
    {
      initial_utm_source: 'ads',
      initial_landing_page: 'shop.example/sale',
      initial_landing_page_query: '?utm_source=ads',
      ...none,
      initial_referrer: 'https://news.example/a',
    },
  ]);
  await untilRows("SELECT initial_utm_source FROM main_production.users WHERE identity = '77'", [
    { initial_utm_source: null },
  ]);
});

test('properties: the last write by time wins over all devices, email and handle have columns of their own, and nobody needs an identity', async () => {
  const [first, second, anonymous] = [2001, 2002, 2003];
  const at = (minutes: number) => T0 + minutes * MINUTE;
  const set = (device: number, minutes: number, properties: object) =>
    capture(device, [{ type: 'user_properties', timestamp: at(minutes), properties }]);
  await set(first, 10, { email: 'new@x.y', handle: 'flo', stage: 'paying' });
  // Written earlier and sent later, by a device that is not yet the same user's.
  await set(second, 5, { email: 'old@x.y', stage: 'trial', Email: 'other', source: 'fair' });
  await set(anonymous, 5, { email: 'somebody@x.y' });
  for (const device of [second, first])
    await capture(device, [{ type: 'identify', timestamp: at(20), identity: 'flo' }]);
  await untilRows(
    `SELECT identity, email, handle, stage, email_property, source FROM main_production.users
WHERE identity = 'flo' OR user_id IN (${first}, ${second}, ${anonymous}) ORDER BY email`,
    [
      {
        identity: 'flo',
        email: 'new@x.y',
        handle: 'flo',
        stage: 'paying',
        email_property: 'other',
        source: 'fair',
      },
      {
        identity: null,
        email: 'somebody@x.y',
        handle: null,
        stage: null,
        email_property: null,
        source: null,
      },
    ],
  );
  const found = await userOf('flo');
  const stage = found.properties.find(({ name }: { name: string }) => name === 'stage');
  assert.deepEqual([stage.value, stage.deviceId, stage.replaced.value], ['paying', first, 'trial']);
});

test('properties: reserved names are refused with a verdict, and the others of the bulk arrive', async () => {
  const send = async (path: string, body: object) => {
    const answer = await fetch(new URL(path, stack.collector), {
      method: 'POST',
      body: JSON.stringify({ app_id: 'main_production', ...body }),
    });
    return [answer.status, ((await answer.json()) as { rejected?: object[] }).rejected];
  };
  const rejected = (index: number) => ({ index, code: 'reserved_property' });
  const [single] = await send('/api/add_user_properties', { identity: 'gus', properties: { Id: 1 } });
  assert.equal(single, 400);
  const [status, verdicts] = await send('/api/add_user_properties', {
    users: [
      { identity: 'gus', properties: { ID: 1, shoe: 41 } },
      { identity: 'gus', properties: { shoe: 42 } },
    ],
  });
  assert.equal(status, 200);
  assert.deepEqual(
    (verdicts as { index: number; code: string }[]).map(({ index, code }) => ({ index, code })),
    [rejected(0)],
  );
  const [fromClient] = await send('/v1/capture', {
    user_id: 2004,
    events: [{ type: 'user_properties', properties: { User_Id: 5 } }],
  });
  assert.equal(fromClient, 400);
  await untilRows("SELECT shoe FROM main_production.users WHERE identity = 'gus'", [{ shoe: 42 }]);
  assert.deepEqual(await stack.rows('SELECT user_id FROM main_production.users WHERE user_id = 2004'), []);
});

test('accounts: properties reach their users, and an account that only users name is one', async () => {
  await post('/api/add_account_properties', {
    accounts: [
      { account_id: '42', properties: { name: 'Acme', seats: 5, 'user id': 'x' } },
      { account_id: 'alone', properties: { name: 'Alone' } },
    ],
  });
  await post('/api/add_user_properties', {
    users: [
      { identity: 'bob', properties: { Company: 42, account_seats: 'mine', 'account id': 'own' } },
      { identity: 'cat', properties: { Company: '42' } },
      { identity: 'dan', properties: { Company: 'unheard' } },
      { identity: 'eve', properties: { Company: '' } },
    ],
  });
  await untilRows(
    `SELECT identity, account_id, company, account_name, account_seats, account_seats_property, account_user_id, account_id_property
FROM main_production.users WHERE identity IN ('bob', 'cat', 'dan', 'eve') ORDER BY identity`,
    [
      {
        identity: 'bob',
        account_id: '42',
        company: '42',
        account_name: 'Acme',
        account_seats: 'mine',
        account_seats_property: 5,
        account_user_id: 'x',
        account_id_property: 'own',
      },
      {
        identity: 'cat',
        account_id: '42',
        company: '42',
        account_name: 'Acme',
        account_seats: null,
        account_seats_property: 5,
        account_user_id: 'x',
        account_id_property: null,
      },
      {
        identity: 'dan',
        account_id: 'unheard',
        company: 'unheard',
        account_name: null,
        account_seats: null,
        account_seats_property: null,
        account_user_id: null,
        account_id_property: null,
      },
      {
        identity: 'eve',
        account_id: null,
        company: '',
        account_name: null,
        account_seats: null,
        account_seats_property: null,
        account_user_id: null,
        account_id_property: null,
      },
    ],
  );
  await untilRows(
    'SELECT account_id, user_count, name, seats, user_id FROM main_production.accounts ORDER BY account_id',
    [
      { account_id: '42', user_count: 2, name: 'Acme', seats: 5, user_id: 'x' },
      { account_id: 'alone', user_count: 0, name: 'Alone', seats: null, user_id: null },
      { account_id: 'unheard', user_count: 1, name: null, seats: null, user_id: null },
    ],
  );
  // The last write wins, and a change of type breaks neither view.
  await post('/api/add_account_properties', { account_id: '42', properties: { seats: 'many' } });
  await untilRows("SELECT seats, seats__text, name FROM main_production.accounts WHERE account_id = '42'", [
    { seats: null, seats__text: 'many', name: 'Acme' },
  ]);
  await untilRows(
    "SELECT account_seats_property, account_seats_property__text FROM main_production.users WHERE identity = 'cat'",
    [{ account_seats_property: null, account_seats_property__text: 'many' }],
  );
  await post('/api/track', { identity: 'bob', event: 'Seats seen' });
  await untilRows(
    "SELECT account_id, account_name FROM main_production.account_events WHERE name = 'Seats seen'",
    [{ account_id: '42', account_name: 'Acme' }],
  );
  const { account } = await userOf('bob');
  assert.equal(account.id, '42');
  const [name, seats] = account.properties;
  assert.deepEqual([name.name, name.value], ['name', 'Acme']);
  assert.deepEqual([seats.value, seats.replaced.value], ['many', 5]);
  assert.equal((await userOf('eve')).account, null);
  const verdict = await stack.cairn('verify', '--from-log', '--json');
  assert.equal(verdict.code, 0, verdict.stdout);
});
