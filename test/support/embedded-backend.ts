import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedStack } from '#infra/embedded/embedded-stack.ts';
import type { Backend, TestServer } from './backend.ts';
import { until } from './until.ts';

/** Child processes of this one, which restarts them. They end with it, however it ends. */
export async function startEmbeddedBackend(): Promise<Backend> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-test-'));
  const stack = await startEmbeddedStack({
    dataDir,
    kafkaPort: 0,
    clickhousePort: 0,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  return {
    brokers: stack.brokers,
    clickhouseUrl: stack.clickhouseUrl,
    kafka: serverOf('Kafka', () => stack.kafkaPid),
    clickhouse: serverOf('ClickHouse', () => stack.clickhousePid),
    async stop() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function serverOf(name: string, pid: () => number): TestServer {
  return {
    async pause() {
      process.kill(pid(), 'SIGSTOP');
    },
    async resume() {
      process.kill(pid(), 'SIGCONT');
    },
    async killAndRestart() {
      const killed = pid();
      process.kill(killed, 'SIGKILL');
      // The stack takes over the new process when it answers.
      await until(`${name} to come back`, () => pid() !== killed);
    },
  };
}
