import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

test('an answer that is longer than a pipe holds arrives whole', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cairn-'));
  try {
    const value = 'x'.repeat(1_000_000);
    await writeFile(path.join(folder, 'long.csv'), `identity,note\nann,${value}\n`);
    const main = path.join(import.meta.dirname, 'main.ts');
    const args = [main, 'import', 'users', 'long.csv', '--dry-run', '--json'];
    const { npm_lifecycle_event: _, ...env } = process.env;
    const cairn = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const said = JSON.parse(await text(cairn.stdout)) as { sample: readonly object[] };
    assert.deepEqual(said.sample, [{ identity: 'ann', properties: { note: value } }]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
