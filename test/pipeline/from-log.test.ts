import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { FromLog } from '../../cli/verify/from-log/check-from-log.ts';
import { runCairn, spawnCairn } from '../support/cairn.ts';
import { until } from '../support/until.ts';

const DEMO_EVENTS = '1500';

let env: Record<string, string>;
let up: ChildProcess;
let collector: string;
let clickHouse: ClickHouse;

before(async () => {
  env = {
    CAIRN_DATA_DIR: await mkdtemp(join(tmpdir(), 'cairn-from-log-')),
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
  };
  up = spawnCairn(['up', '--json'], env);
  up.stderr?.resume();
  const exited = new Promise<never>((_, reject) =>
    up.once('exit', (code) => reject(new Error(`up exited with ${code}`))),
  );
  exited.catch(() => undefined);
  const lines = createInterface({ input: up.stdout as NodeJS.ReadableStream });
  const line = new Promise<string>((resolve) => lines.once('line', resolve));
  const ready = JSON.parse(await Promise.race([line, exited]));
  collector = ready.collector;
  clickHouse = createClickHouse({ url: ready.clickhouse });
});

after(async () => {
  if (up.exitCode === null && up.signalCode === null) {
    up.kill('SIGTERM');
    await new Promise((resolve) => up.once('exit', resolve));
  }
  await rm(env['CAIRN_DATA_DIR'] as string, { recursive: true, force: true });
});

async function demo(seed: string, events = DEMO_EVENTS): Promise<void> {
  const { code, stderr } = await runCairn(
    ['demo', '--events', events, '--seed', seed, '--against', collector, '--json'],
    env,
  );
  assert.equal(code, 0, stderr);
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, collector), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app_id: '11', ...body }),
  });
  assert.equal(response.status, 200, await response.text());
}

async function verify(): Promise<{ code: number | null; fromLog: FromLog; problems: string[] }> {
  const { code, stdout, stderr } = await runCairn(['verify', '--from-log', '--json'], env);
  assert.notEqual(stdout, '', stderr);
  return { code, ...JSON.parse(stdout) };
}

/** Properties that ClickHouse's JSON writes in another way than they were sent, or in another order. */
const ODD_PROPERTIES = {
  'z last': 1,
  'a.b': true,
  'a.c': 2.5,
  a: 'x/y "quoted" \\ \n\u2028 é 😀',
  '': 'no name',
  1: 'a number',
  tiny: 1e-7,
  large: 9007199254740991,
  'larger than 64 bits': 1e20,
  huge: 1.5e300,
  price: 1234.56789,
  date: '2026-01-01',
  digits: '12',
};

test('verify --from-log finds every row as the log says', async () => {
  await demo('1');
  await post('/api/track', { user_id: '99', event: 'Odd / "event"', properties: ODD_PROPERTIES });
  // A device that turns out to be the canonical id of an identity after it was bound to another.
  const taken = String(canonicalUserId(1, 'victim'));
  await post('/api/v1/identify', { user_id: taken, identity: 'thief' });
  await post('/api/track', { identity: 'victim', event: 'Victim seen' });
  // Properties named like what the question about users adds to their columns.
  const properties = { joindate_ms: 'monday', last_modified_ms: 5, joindateMs: 1 };
  await post('/api/add_user_properties', { identity: 'victim', properties });
  // Values that are not of the type their column has, and times.
  const plan = (identity: string, number: unknown, since: unknown) =>
    post('/api/add_user_properties', { identity, properties: { 'Plan no': number, 'Since when': since } });
  await plan('first', 1, '2026-01-01');
  await until('the columns of the first', () =>
    clickHouse.query('SELECT plan_no FROM main_production.users'),
  );
  await plan('second', 'free', 'never');
  await plan('third', '2.5', '2026-01-01T10:00:00.5+02:00');
  await plan('fourth', true, 7);
  const { code, fromLog, problems } = await verify();
  assert.deepEqual(fromLog.differences, []);
  assert.deepEqual(problems, []);
  assert.equal(code, 0);
  assert.deepEqual(
    await clickHouse.query(
      'SELECT plan_no, plan_no__text, since_when, since_when__time FROM main_production.users WHERE since_when IS NOT NULL ORDER BY identity',
    ),
    [
      {
        plan_no: 1,
        plan_no__text: '1',
        since_when: '2026-01-01',
        since_when__time: '2026-01-01 00:00:00.000',
      },
      { plan_no: null, plan_no__text: 'true', since_when: '7', since_when__time: null },
      { plan_no: null, plan_no__text: 'free', since_when: 'never', since_when__time: null },
      {
        plan_no: 2.5,
        plan_no__text: '2.5',
        since_when: '2026-01-01T10:00:00.5+02:00',
        since_when__time: '2026-01-01 08:00:00.500',
      },
    ],
  );
  const reasons = "SELECT reason FROM cairn.user_migrations FINAL WHERE identity = 'thief'";
  assert.deepEqual(await clickHouse.query(reasons), [{ reason: 'canonical_id' }]);
  const compared = Object.fromEntries(fromLog.sections.map(({ section, compared }) => [section, compared]));
  assert.equal(compared['events'], Number(DEMO_EVENTS) + 2);
  for (const [section, rows] of Object.entries(compared)) assert.ok(rows > 0, `no ${section} were compared`);
});

test('verify --from-log raises no false alarm beside live traffic', async () => {
  let isOver = false;
  const traffic = demo('2', '10000').finally(() => {
    isOver = true;
  });
  let rounds = 0;
  while (!isOver) {
    const { code, fromLog, problems } = await verify();
    assert.deepEqual([fromLog.differences, problems], [[], []]);
    assert.equal(code, 0);
    rounds += 1;
  }
  await traffic;
  assert.ok(rounds > 0, 'it was verified while events came');
});

/** A way to falsify ClickHouse, and the section and column by which it must be named. */
const FALSIFICATIONS: readonly [what: string, sql: string, section: string, column: RegExp][] = [
  [
    'an event that is gone',
    `DELETE FROM cairn.events WHERE event_id = (SELECT min(event_id) FROM cairn.events WHERE name = 'pageview')`,
    'events',
    /^row$/,
  ],
  [
    'a property of an event',
    `ALTER TABLE cairn.events UPDATE properties = '{"forged":1}' WHERE event_id = (SELECT max(event_id)
FROM cairn.events WHERE notEmpty(JSONAllPaths(properties)))`,
    'events',
    /^properties\./,
  ],
  [
    'the end of a session',
    `ALTER TABLE cairn.sessions UPDATE ended_at = ended_at + INTERVAL 1 SECOND
WHERE session_id = (SELECT max(session_id) FROM cairn.sessions)`,
    'sessions',
    /^ended_at$/,
  ],
  [
    'whose a binding is',
    `ALTER TABLE cairn.user_migrations UPDATE identity = 'mallory' WHERE from_user_id = (SELECT max(from_user_id)
FROM cairn.user_migrations WHERE counts = 1)`,
    'user_migrations',
    /^identity$/,
  ],
  [
    'a verdict, and so whose events they are',
    `INSERT INTO cairn.user_migrations SELECT * REPLACE (0 AS counts, version + 1 AS version) FROM cairn.user_migrations
FINAL WHERE from_user_id = (SELECT min(device_id) FROM cairn.events WHERE device_id IN
  (SELECT from_user_id FROM cairn.user_migrations WHERE counts = 1))`,
    'users of events',
    /^user_id$/,
  ],
  [
    'a property of a user',
    `ALTER TABLE cairn.user_properties UPDATE properties = '{}' WHERE event_id = (SELECT argMax(event_id, (time, received_at,
origin_partition, origin_offset)) FROM cairn.user_properties WHERE notEmpty(JSONAllPaths(properties)))`,
    'users',
    /./,
  ],
];

test('verify --from-log names what is not as the log says', async () => {
  for (const [, sql] of FALSIFICATIONS) await clickHouse.command(sql, { mutations_sync: 2 });
  await clickHouse.command('SYSTEM RELOAD DICTIONARIES');
  const { code, fromLog } = await verify();
  assert.equal(code, 1);
  assert.equal(fromLog.ok, false);
  for (const [what, , section, column] of FALSIFICATIONS) {
    const named = fromLog.differences.some((one) => one.section === section && column.test(one.column));
    assert.ok(named, `${what} is not named in ${JSON.stringify(fromLog.differences, null, 1)}`);
  }
  const { stdout } = await runCairn(['verify', '--from-log'], env);
  assert.match(stdout, /^sessions: session \d+ of device \d+ .*: ended_at: the log says \d+, found \d+$/m);
});
