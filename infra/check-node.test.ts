import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const CHECK = join(import.meta.dirname, 'check-node.sh');

test('check-node.sh says nothing where Node starts', () => {
  const { status, stdout, stderr } = spawnSync('sh', [CHECK], { encoding: 'utf8' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

test('check-node.sh names the package to install where libatomic is missing', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-node-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const node = join(directory, 'node');
  const message = 'error while loading shared libraries: libatomic.so.1: cannot open shared object file';
  writeFileSync(node, `#!/bin/sh\necho "${message}" >&2\nexit 127\n`);
  chmodSync(node, 0o755);
  const { status, stderr } = spawnSync('sh', [CHECK, node], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^Cannot start Node 26: ${message}\nRemedy: .*apt install libatomic1`));
});
