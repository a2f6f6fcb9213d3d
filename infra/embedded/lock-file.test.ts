import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTaken, takeLock } from './lock-file.ts';

function lockPath(t: { after(clean: () => void): void }): { directory: string; path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-lock-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return { directory, path: join(directory, 'lock') };
}

test('takeLock() names the holder until it lets go', (t) => {
  const { directory, path } = lockPath(t);
  const first = takeLock(path);
  assert.ok(isTaken(first));
  const second = takeLock(path);
  assert.ok(!isTaken(second));
  assert.equal(second.pid, process.pid);
  first.release();
  const third = takeLock(path);
  assert.ok(isTaken(third));
  third.release();
  assert.deepEqual(readdirSync(directory), []);
});

test('takeLock() takes over the lock of a process that is gone, and a lock that a crash cut short', (t) => {
  const { directory, path } = lockPath(t);
  for (const left of [`${process.pid} another time\n`, '12', '']) {
    writeFileSync(path, left);
    const lock = takeLock(path);
    assert.ok(isTaken(lock), `left: ${left}`);
    lock.release();
  }
  assert.deepEqual(readdirSync(directory), []);
});
