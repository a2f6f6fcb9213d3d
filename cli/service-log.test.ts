import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forTerminal, openLogFile } from './service-log.ts';

test('forTerminal() shows warnings and errors in a line, with their fields', () => {
  const line = JSON.stringify({
    level: 40,
    time: 'T',
    service: 'loader',
    waitMs: 5,
    topics: ['a'],
    msg: 'slow',
  });
  assert.equal(forTerminal('loader', line), 'loader warning: slow waitMs=5 topics=["a"]');
  const error = JSON.stringify({ level: 50, msg: 'cannot go on', err: { message: 'it broke', stack: 'S' } });
  assert.equal(forTerminal('loader', error), 'loader error: cannot go on: it broke');
});

test('forTerminal() keeps quiet about the everyday', () => {
  assert.equal(forTerminal('loader', JSON.stringify({ level: 30, msg: 'ready' })), undefined);
  assert.equal(
    forTerminal('loader', JSON.stringify({ level: 40, kafka: 'Connection', msg: 'again' })),
    undefined,
  );
});

test('forTerminal() shows what is no log line at all', () => {
  assert.equal(forTerminal('loader', 'Segmentation fault'), 'loader: Segmentation fault');
  assert.equal(forTerminal('loader', '7'), 'loader: 7');
});

test('openLogFile() appends to what is there', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-log-'));
  try {
    for (const line of ['one', 'two']) {
      const file = openLogFile(join(directory, 'logs'), 'loader');
      file.append(line);
      file.close();
    }
    assert.equal(await readFile(join(directory, 'logs', 'loader.log'), 'utf8'), 'one\ntwo\n');
  } finally {
    await rm(directory, { recursive: true });
  }
});
