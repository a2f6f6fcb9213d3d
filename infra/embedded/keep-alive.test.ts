import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, UnavailableError } from '#lib/errors.ts';
import { keepAlive } from './keep-alive.ts';
import type { ExitInfo, SupervisedProcess } from './supervised-process.ts';

/** Servers that run until they are told to end; `start` takes what the next starts do, the last one again and again. */
function servers(...starts: (() => Promise<unknown>)[]) {
  const ends: ((exit: ExitInfo) => void)[] = [];
  const running = new Set<number>();
  const start = async (): Promise<SupervisedProcess> => {
    await (starts.length > 1 ? starts.shift() : starts[0])?.();
    const pid = ends.length + 1;
    const exit = Promise.withResolvers<ExitInfo>();
    running.add(pid);
    const end = (info: ExitInfo) => {
      running.delete(pid);
      exit.resolve(info);
    };
    ends.push(end);
    const stop = () => {
      end({ code: 0, signal: null });
      return exit.promise;
    };
    return { pid, exited: exit.promise, stop };
  };
  return { start, running, crash: () => ends.at(-1)?.({ code: null, signal: 'SIGKILL' }) };
}

const works = async () => {};
const signal = new AbortController().signal;

/** Collects progress and tells when a line comes. */
function listener() {
  const said: string[] = [];
  const waiting = new Map<string, () => void>();
  return {
    said,
    progress(line: string) {
      said.push(line);
      waiting.get(line)?.();
    },
    heard: (line: string) => new Promise<void>((resolve) => waiting.set(line, resolve)),
  };
}

test('keepAlive() starts a server that died again, past starts that fail', async () => {
  const { progress, heard, said } = listener();
  const server = servers(works, () => Promise.reject(new UnavailableError('not now')), works);
  const kept = await keepAlive('Kafka', server.start, { progress, signal });
  assert.equal(kept.pid, 1);
  const back = heard('Kafka is back');
  server.crash();
  await back;
  assert.equal(kept.pid, 2);
  assert.deepEqual(said, ['Kafka was killed by SIGKILL, restarting', 'not now', 'Kafka is back']);
  await kept.stop();
  assert.equal(server.running.size, 0);
});

test('keepAlive() gives up where only a person can help', async () => {
  const server = servers(works, () => Promise.reject(new ConfigError(['Java is missing'])));
  const kept = await keepAlive('Kafka', server.start, { progress: () => {}, signal });
  server.crash();
  await assert.rejects(kept.failed, { name: 'ConfigError', message: 'Java is missing' });
  await kept.stop();
});

test('stop() in the middle of a restart stops what the restart brings up', async () => {
  const restart = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const server = servers(works, () => {
    reached.resolve();
    return restart.promise;
  });
  const kept = await keepAlive('Kafka', server.start, { progress: () => {}, signal });
  server.crash();
  await reached.promise;
  const stopped = kept.stop();
  restart.resolve();
  await stopped;
  assert.equal(server.running.size, 0);
});

test('keepAlive() throws what the first start throws', async () => {
  const { start } = servers(() => Promise.reject(new UnavailableError('no answer')));
  await assert.rejects(keepAlive('Kafka', start, { progress: () => {}, signal }), { message: 'no answer' });
});
