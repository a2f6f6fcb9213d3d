import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isSameProcess, parseIdentity, processIdentity } from './process-identity.ts';
import { awaitPredecessor, startSupervised } from './supervised-process.ts';

/** Options for a shell script as the program. */
function program(t: TestContext, script: string, graceMs: number) {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-supervised-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return {
    command: 'sh',
    args: ['-c', script],
    directory,
    outputFile: join(directory, 'out'),
    pidFile: join(directory, 'pid'),
    graceMs,
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

const saysReady = (outputFile: string) =>
  existsSync(outputFile) && readFileSync(outputFile, 'utf8').includes('ready');

test('startSupervised() gives the program itself: its process id, output and exit code', async (t) => {
  const options = program(t, 'echo "$$"; exit 3', 1000);
  const child = await startSupervised(options);
  assert.deepEqual(await child.exited, { code: 3, signal: null });
  assert.equal(readFileSync(options.outputFile, 'utf8'), `${child.pid}\n`);
  assert.equal(existsSync(options.pidFile), false);
});

test('stop() lets the program finish', async (t) => {
  const options = program(
    t,
    'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.02; done',
    10_000,
  );
  const child = await startSupervised(options);
  await until(() => saysReady(options.outputFile));
  assert.deepEqual(await child.stop(), { code: 0, signal: null });
  assert.equal(readFileSync(options.outputFile, 'utf8'), 'ready\nbye\n');
});

test('stop() kills a program that does not stop within its grace', async (t) => {
  const options = program(t, 'trap "" TERM; echo ready; while :; do sleep 0.02; done', 200);
  const child = await startSupervised(options);
  await until(() => saysReady(options.outputFile));
  assert.deepEqual(await child.stop(), { code: null, signal: 'SIGKILL' });
});

for (const [kind, script] of [
  ['stops by itself', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.02; done'],
  ['ignores the request to stop', 'trap "" TERM; echo ready; while :; do sleep 0.02; done'],
] as const) {
  test(`a program that ${kind} does not outlive a parent killed with SIGKILL`, async (t) => {
    const options = program(t, script, 300);
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startSupervised } from '#infra/embedded/supervised-process.ts';
         await startSupervised(${JSON.stringify(options)});`,
      ],
      { cwd: join(import.meta.dirname, '..', '..'), stdio: ['ignore', 'ignore', 'inherit'] },
    );
    t.after(() => parent.kill('SIGKILL'));
    await until(() => saysReady(options.outputFile) && existsSync(options.pidFile));
    const identity = parseIdentity(readFileSync(options.pidFile, 'utf8'));
    assert.ok(identity !== undefined && isSameProcess(identity));
    parent.kill('SIGKILL');
    await awaitPredecessor(options.pidFile);
    assert.equal(processIdentity(identity.pid), undefined);
  });
}
