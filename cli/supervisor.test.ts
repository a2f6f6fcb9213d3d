import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { until } from '../test/support/until.ts';
import { isAlive } from './run-file.ts';
import type { ServiceState } from './supervised-service.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';

/** A service that is ready at once, says when it stops, and ends with its supervisor. */
const SERVICE = `
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => { console.log('stopping'); process.exit(0); });
process.send({ ready: true, url: 'http://' + process.env.NAME });
`;
const MISCONFIGURED = `
console.error(JSON.stringify({ level: 50, msg: 'cannot go on', err: { message: 'Cannot read CAIRN_X' } }));
process.exitCode = 78;
process.disconnect();
`;
/** Dies at its first run, as the file it leaves behind tells the second. */
const DIES_ONCE = `
import { existsSync, writeFileSync } from 'node:fs';
if (!existsSync(process.env.MARK)) { writeFileSync(process.env.MARK, ''); process.exit(70); }
${SERVICE}`;

let directory: string;
let supervisor: Supervisor | undefined;
let log: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cairn-supervisor-'));
  log = [];
});

afterEach(async () => {
  await supervisor?.stop();
  supervisor = undefined;
  await rm(directory, { recursive: true });
});

async function service(name: string, code: string) {
  const main = join(directory, `${name}.mjs`);
  await writeFile(main, code);
  return { name, main, env: () => ({ ...process.env, NAME: name, MARK: join(directory, `${name}.mark`) }) };
}

const events = {
  onChange: () => undefined,
  onLine: (name: string, line: string) => log.push(`${name}: ${line}`),
  onNotice: (text: string) => log.push(text),
};

const { signal } = new AbortController();

test('startSupervisor() resolves when all services are ready, and stops them in order', async () => {
  supervisor = await startSupervisor(
    [await service('a', SERVICE), await service('b', SERVICE)],
    events,
    signal,
  );
  const states = supervisor.states();
  assert.deepEqual(
    states.map(({ name, url, ready, restarts }) => ({ name, url, ready, restarts })),
    ['a', 'b'].map((name) => ({ name, url: `http://${name}`, ready: true, restarts: 0 })),
  );
  await supervisor.stop();
  assert.deepEqual(log, ['a: stopping', 'b: stopping']);
  for (const { pid } of states) assert.ok(!isAlive(pid));
});

test('a service that is killed is back within two seconds', async () => {
  supervisor = await startSupervisor([await service('a', SERVICE)], events, signal);
  const [before] = supervisor.states();
  process.kill(before?.pid ?? 0, 'SIGKILL');
  const after = await until(
    'the service to be back',
    () => supervisor?.states().find(({ ready, pid }) => ready && pid !== before?.pid),
    2000,
  );
  assert.equal(after.restarts, 1);
  assert.deepEqual(log, ['a was killed by SIGKILL, restarting']);
});

test('startSupervisor() goes on past a service that dies before it is ready', async () => {
  supervisor = await startSupervisor([await service('a', DIES_ONCE)], events, signal);
  assert.equal(supervisor.states()[0]?.restarts, 1);
  assert.deepEqual(log, ['a exited with 70, restarting']);
});

test('startSupervisor() gives up on wrong configuration, says which, and stops the others', async () => {
  const specs = [await service('a', SERVICE), await service('b', MISCONFIGURED)];
  const pids = new Set<number>();
  const onChange = (states: readonly ServiceState[]) => {
    for (const { pid } of states) if (pid !== 0) pids.add(pid);
  };
  await assert.rejects(startSupervisor(specs, { ...events, onChange }, signal), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message, 'Cannot start b: Cannot read CAIRN_X');
    return true;
  });
  assert.equal(pids.size, 2);
  assert.deepEqual([...pids].filter(isAlive), []);
});

test('startSupervisor() gives up when it is asked to stop', async () => {
  const stop = new AbortController();
  const starting = startSupervisor(
    [await service('a', 'process.stdin.resume(); setInterval(() => {}, 1000);')],
    events,
    stop.signal,
  );
  stop.abort(new Error('enough'));
  await assert.rejects(starting, /enough/);
});
