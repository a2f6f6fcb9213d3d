import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isSameProcess, parseIdentity, printIdentity, processIdentity } from './process-identity.ts';

test('isSameProcess() knows this process, and not another that has its id later', () => {
  const self = processIdentity(process.pid);
  assert.ok(self !== undefined);
  assert.equal(isSameProcess(self), true);
  assert.equal(isSameProcess({ ...self, startedAt: 'another time' }), false);
});

test('processIdentity() is undefined for a process that has ended', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  assert.equal(processIdentity(child.pid!), undefined);
});

test('parseIdentity() reads what printIdentity() wrote, and nothing shorter', () => {
  const identity = { pid: 12, startedAt: 'Mon Jan 1' };
  const text = printIdentity(identity);
  assert.deepEqual(parseIdentity(text), identity);
  for (let length = 0; length < text.length; length++) {
    assert.equal(parseIdentity(text.slice(0, length)), undefined);
  }
});
