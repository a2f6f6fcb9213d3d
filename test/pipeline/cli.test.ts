import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { isAlive, type RunFile, readRunFile } from '../../cli/run-file.ts';
import { runCairn, spawnCairn } from '../support/cairn.ts';
import { until } from '../support/until.ts';

let env: Record<string, string>;
let dataDir: string;
let up: ChildProcess;
let stderr = '';
let ready: { ready: boolean; collector: string; clickhouse: string; kafka: string };

async function startUp(): Promise<void> {
  up = spawnCairn(['up', '--json'], env);
  up.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const lines = createInterface({ input: up.stdout as NodeJS.ReadableStream });
  const exited = new Promise<never>((_, reject) =>
    up.once('exit', (code) => reject(new Error(`up exited with ${code}: ${stderr}`))),
  );
  exited.catch(() => undefined);
  const first = new Promise<string>((resolve) => lines.once('line', resolve));
  ready = JSON.parse(await Promise.race([first, exited]));
}

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-up-'));
  env = {
    CAIRN_DATA_DIR: dataDir,
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
  };
  await startUp();
});

after(async () => {
  const { pids } = everyProcess();
  if (up.exitCode === null && up.signalCode === null) {
    up.kill('SIGTERM');
    await new Promise((resolve) => up.once('exit', resolve));
  }
  await until('every process to be gone', () => pids.every((pid) => !isAlive(pid)));
  await rm(dataDir, { recursive: true, force: true });
});

function everyProcess(): { run: RunFile | undefined; pids: number[] } {
  const run = readRunFile(dataDir);
  const pids =
    run === undefined
      ? []
      : [run.pid, run.kafkaPid, run.clickhousePid, ...run.services.map(({ pid }) => pid)];
  return { run, pids };
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, ready.collector), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app_id: '11', ...body }),
  });
  assert.equal(response.status, 200, await response.text());
}

async function cairn(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCairn(args, env);
  assert.equal(code, 0, `cairn ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

test('up prints one line that says where everything is', () => {
  assert.equal(ready.ready, true);
  assert.match(ready.collector, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(ready.clickhouse, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(ready.kafka, /^127\.0\.0\.1:\d+$/);
});

test('an event before and one after an identify are two events of one user within 5 seconds', async () => {
  await post('/api/track', { user_id: '123', event: 'Signup', properties: { plan: 'pro' } });
  await post('/api/v1/identify', { user_id: '123', identity: 'a@b.c' });
  await post('/api/track', { identity: 'a@b.c', event: 'Purchase' });
  const query = 'select count(), uniqExact(user_id) from main_production.all_events';
  await until(
    '2 events of 1 user',
    async () => (await cairn('sql', query, '--format', 'TSV')) === '2\t1\n',
    5000,
  );
});

test('funnel counts the user through, and splits by a property of the first step', async () => {
  const steps = ['--step', 'Signup', '--step', 'Purchase'];
  assert.deepEqual(JSON.parse(await cairn('funnel', ...steps, '--within', '1h', '--by', 'plan', '--json')), {
    ask: 'funnel',
    environment: 'main_production',
    subject: 'user',
    steps: [
      { name: 'Signup', count: 1 },
      { name: 'Purchase', count: 1 },
    ],
    withinMs: 3_600_000,
    by: 'plan',
    groups: [
      {
        value: 'pro',
        steps: [
          { name: 'Signup', count: 1 },
          { name: 'Purchase', count: 1 },
        ],
      },
    ],
  });
  const sql = await cairn('funnel', ...steps, '--sql');
  assert.equal(await cairn('sql', sql, '--format', 'TSV'), '[1,1]\n');
});

test('funnel says which event nobody sends, and what may have been meant', async () => {
  const { code, stdout, stderr } = await runCairn(['funnel', '--step', 'Signpu'], env);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.match(stderr, /Unknown event "Signpu" in main_production; did you mean Signup\?/);
});

test('retention and sessions answer', async () => {
  const { cohorts } = JSON.parse(await cairn('retention', '--start', 'Signup', '--json'));
  assert.deepEqual(
    cohorts.map(({ users, returned }: { users: number; returned: number[] }) => [users, returned[0]]),
    [[1, 1]],
  );
  assert.equal(JSON.parse(await cairn('sessions', '--json')).sessions, 0);
});

test('a question goes through a file, by way of the shell', async () => {
  const file = join(dataDir, 'question.yaml');
  const asked = await cairn('trend', '--event', '*', '--measure', 'users', '--save', file, '--json');
  const { title, ...answer } = JSON.parse(await cairn('ask', file, '--json'));
  assert.equal(title, file);
  assert.deepEqual(answer, JSON.parse(asked));
  assert.equal(answer.groups[0].series[0].at(-1), 1);
});

test('verify accounts for every record', async () => {
  const verdict = JSON.parse(await cairn('verify', '--json'));
  assert.equal(verdict.ok, true);
  assert.deepEqual(verdict.problems, []);
  assert.deepEqual(
    verdict.totals
      .map(({ kind, collected, loaded }: Record<string, unknown>) => [kind, collected, loaded])
      .sort(),
    [
      ['event', 2, 2],
      ['identify', 1, 1],
    ],
  );
});

test('verify tells a row that is gone and a row that is there twice', async () => {
  const count = "select count() from cairn.events where name = 'Signup'";
  await cairn('sql', "insert into cairn.events select * from cairn.events where name = 'Signup'");
  const twice = await runCairn(['verify', '--json'], env);
  assert.equal(twice.code, 1);
  assert.match(JSON.parse(twice.stdout).problems.join(), /1 rows of kind event are loaded more than once/);
  await cairn('sql', "delete from cairn.events where name = 'Signup'");
  assert.equal(await cairn('sql', count, '--format', 'TSV'), '0\n');
  const gone = await runCairn(['verify'], env);
  assert.equal(gone.code, 1);
  assert.match(gone.stdout, /1 records of kind event were collected and are nowhere/);
});

test('status has pid, readiness and lag of every service', async () => {
  const status = await until('no lag', async () => {
    const status = JSON.parse(await cairn('status', '--json'));
    return status.services.every(({ lag }: { lag: number }) => lag === 0) && status;
  });
  assert.deepEqual(
    status.services.map(({ name, ready, lag }: Record<string, unknown>) => [name, ready, lag]),
    ['collector', 'identity-merger', 'sessionizer', 'loader'].map((name) => [name, true, 0]),
  );
  for (const { pid } of status.services) assert.ok(isAlive(pid));
});

test('status shows no password that is in ClickHouse’s address', async () => {
  const { host } = new URL(ready.clickhouse);
  const named = { ...env, CAIRN_CLICKHOUSE_URL: `http://default:hidden@${host}` };
  for (const options of [[], ['--json']]) {
    const { stdout, stderr } = await runCairn(['status', ...options], named);
    assert.ok(stdout.includes(`http://default:***@${host}`), stdout);
    assert.ok(!`${stdout}${stderr}`.includes('hidden'));
  }
});

test('tail shows what is in a topic, decoded', async () => {
  const lines = await cairn(
    'tail',
    '--topic',
    'identity.migrations',
    '--from-beginning',
    '--limit',
    '1',
    '--json',
  );
  const record = JSON.parse(lines);
  assert.equal(record.schema, 'Migration');
  assert.equal(record.value.from_user_id, 123);
  assert.equal(record.value.identity, 'a@b.c');
});

test('sql reports what ClickHouse says and exits 1', async () => {
  const { code, stderr } = await runCairn(['sql', 'select nothing'], env);
  assert.equal(code, 1);
  assert.match(stderr, /UNKNOWN_IDENTIFIER/);
});

for (const name of ['collector', 'identity-merger', 'sessionizer', 'loader']) {
  test(`${name} is back within 2 seconds of a kill -9, at the same address`, async () => {
    const stateOf = () => readRunFile(dataDir)?.services.find((service) => service.name === name);
    const killed = stateOf();
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    const back = await until(
      `${name} to be restarted`,
      () => {
        const state = stateOf();
        return state !== undefined && state.pid !== 0 && state.pid !== killed?.pid && state;
      },
      2000,
    );
    assert.equal(back.restarts, (killed?.restarts ?? 0) + 1);
    const ready = await until(`${name} to be ready`, () => stateOf()?.ready && stateOf());
    if (name === 'collector') assert.equal(ready.url, killed?.url);
  });
}

test('a second stack in the same directory is refused with a reason', async () => {
  const { code, stdout, stderr } = await runCairn(['up', '--json'], env);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.ok(stderr.includes(dataDir), stderr);
});

test('SIGTERM stops everything, and what was collected is there at the next start', async () => {
  const { pids } = everyProcess();
  await post('/api/track', { identity: 'a@b.c', event: 'Purchase' });
  up.kill('SIGTERM');
  const code = await new Promise((resolve) => up.once('exit', resolve));
  assert.equal(code, 0, stderr);
  assert.equal(pids.length, 7);
  for (const pid of pids) assert.ok(!isAlive(pid), `process ${pid} is left`);
  assert.equal(readRunFile(dataDir), undefined);
  await startUp();
  const query = "select count() from main_production.all_events where name = 'Purchase'";
  await until('the second purchase', async () => (await cairn('sql', query, '--format', 'TSV')) === '2\n');
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a stack that npm started stops when npm gets ${signal}`, async () => {
    const npm = spawn('npm', ['run', '-s', 'cairn', '--', 'up', '--json', '--services', 'none'], {
      env: { ...process.env, ...env, CAIRN_DATA_DIR: join(dataDir, 'npm') },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => createInterface({ input: npm.stdout }).once('line', resolve));
    const run = readRunFile(join(dataDir, 'npm'));
    assert.ok(run !== undefined && isAlive(run.pid));
    npm.kill(signal);
    await until('the stack to be gone', () =>
      [run.pid, run.kafkaPid, run.clickhousePid].every((pid) => !isAlive(pid)),
    );
  });
}

test('no process outlives a supervisor that is killed with SIGKILL', async () => {
  const { pids } = everyProcess();
  up.kill('SIGKILL');
  await until('every process to be gone', () => pids.every((pid) => !isAlive(pid)), 20_000);
  const { code, stderr } = await runCairn(['status'], env);
  assert.equal(code, 1);
  assert.match(stderr, /^No stack runs/);
});
