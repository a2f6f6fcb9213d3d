import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { startClickHouse } from '#infra/embedded/clickhouse.ts';
import { pickFreePort } from '#infra/embedded/ports.ts';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { DEFAULT_ENVIRONMENTS, type Environment } from '#lib/config/environments.ts';
import type { Collected } from '#schemas/types.ts';
import { runCli } from '../../cli/run-cli.ts';
import type { Finished } from './cairn.ts';
import { openLoader } from './loader-in-memory.ts';

export type RunOptions = {
  readonly variables?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly stdin?: string;
};

/** The program in this process, on a ClickHouse of its own that a loader has filled: no Kafka. */
export type QuestionCommands = {
  /** For the test's files. */
  readonly directory: string;
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  stop(): Promise<void>;
};

/** The property that holds a user's account is `company`. */
export async function startQuestionCommands(
  records: readonly Partial<Collected>[],
): Promise<QuestionCommands> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-questions-'));
  const server = await startClickHouse({ dataDir: directory, port: await pickFreePort() });
  const [main] = DEFAULT_ENVIRONMENTS as readonly [Environment];
  const environments = [{ ...main, options: { ...main.options, accountIdProperty: 'company' } }];
  const registry = join(directory, 'environments.json');
  await writeFile(registry, JSON.stringify(environments));
  const env = { CAIRN_CLICKHOUSE_URL: server.url, CAIRN_ENVIRONMENTS: registry, CAIRN_DATA_DIR: directory };
  const loader = openLoader(createClickHouse({ url: server.url }), 1, environments);
  await loader.start();
  await loader.load(records);
  return {
    directory,
    async run(args, { variables, signal, stdin = '' } = {}) {
      const [input, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
      input.end(stdin);
      const context = { env: { ...env, ...variables }, stdin: input, stdout, stderr };
      const code = await runCli(args, { ...context, signal: signal ?? new AbortController().signal });
      stdout.end();
      stderr.end();
      return { code, stdout: await text(stdout), stderr: await text(stderr) };
    },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}
