import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startOwnStack } from '../../cli/demo/demo-stack.ts';
import { NotReadyError } from '../../cli/stack.ts';

/** Loaded before a service: the loader never gets as far as its first line. */
const NEVER_READY = `
if (process.argv[1]?.endsWith('services/loader/main.ts')) {
  console.log('the loader stands still');
  process.on('disconnect', () => process.exit());
  await new Promise(() => setInterval(() => {}, 1000));
}
`;

let directory: string;
const outer = process.env['TMPDIR'];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cairn-deadline-'));
  process.env['TMPDIR'] = directory;
});

after(async () => {
  if (outer === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = outer;
  await rm(directory, { recursive: true, force: true });
});

test('the demo gives up on a service that does not become ready, names it and keeps the logs', async () => {
  const preload = join(directory, 'never-ready.mjs');
  await writeFile(preload, NEVER_READY);
  const env = { ...process.env, NODE_OPTIONS: `--import ${preload}` };
  const said: string[] = [];
  const { signal } = new AbortController();
  const starting = startOwnStack(
    { env, signal },
    { keep: false, say: (text) => said.push(text), patienceMs: 15_000 },
  );
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof NotReadyError);
    assert.match(error.message, /^Cannot start: not ready within 15 s: .*loader; see their logs$/);
    return true;
  });
  const dataDir = said.at(-1)?.match(/^Data and logs are in (.*)$/)?.[1] ?? '';
  assert.ok(dataDir.startsWith(directory));
  assert.ok(!(await readdir(dataDir)).includes('run.json'), 'nothing runs');
  assert.ok((await readdir(join(dataDir, 'logs'))).includes('loader.log'));
});
