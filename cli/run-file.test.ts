import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type RunFile, readRunFile, removeRunFile, writeRunFile } from './run-file.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-run-'));
});

afterEach(() => rm(dataDir, { recursive: true }));

const content: RunFile = {
  pid: process.pid,
  startedAt: '2026-03-01T00:00:00.000Z',
  collector: 'http://127.0.0.1:1',
  clickhouse: 'http://127.0.0.1:2',
  brokers: ['127.0.0.1:3'],
  generation: 1,
  partitions: 4,
  kafkaPid: 5,
  clickhousePid: 6,
  services: [],
};

test('readRunFile() gives what was written, and no other file is left', async () => {
  writeRunFile(dataDir, content);
  assert.deepEqual(readRunFile(dataDir), content);
  assert.deepEqual(await readdir(dataDir), ['run.json']);
});

test('writeRunFile() lets nobody else read the file', async () => {
  const left = join(dataDir, `run.json.${process.pid}`);
  await writeFile(left, '{', { mode: 0o644 });
  writeRunFile(dataDir, content);
  assert.equal((await stat(join(dataDir, 'run.json'))).mode & 0o777, 0o600);
});

test('readRunFile() knows of no stack before the first and after the last', () => {
  assert.equal(readRunFile(dataDir), undefined);
  writeRunFile(dataDir, content);
  removeRunFile(dataDir);
  assert.equal(readRunFile(dataDir), undefined);
});

test('readRunFile() does not believe a process that is gone', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeRunFile(dataDir, { ...content, pid });
  assert.equal(readRunFile(dataDir), undefined);
});
