import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EnvironmentOptions } from '#lib/config/environments.ts';
import { type Finished, runCairn, spawnCairn } from './cairn.ts';

/** A whole stack that `cairn up` runs, with data of its own. */
export type Stack = {
  readonly collector: string;
  readonly clickhouse: string;
  readonly env: Readonly<Record<string, string>>;
  /** A directory for the test's own files, removed with the rest. */
  readonly directory: string;
  cairn(...args: string[]): Promise<Finished>;
  /** Rows of a query, 64-bit integers as numbers. */
  rows<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  /** Bytes of a query's answer in a format of ClickHouse's. */
  export(sql: string, settings?: Readonly<Record<string, string>>): Promise<Buffer>;
  stop(): Promise<void>;
};

/** Starts a stack with an environment of each name, all with the same options; their app ids are their names. */
export async function startStack(
  environments: readonly string[],
  options: Partial<EnvironmentOptions> = {},
): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-stack-'));
  const registry = join(directory, 'environments.json');
  const entries = environments.map((name, index) => ({ number: index + 1, appId: name, name, options }));
  await writeFile(registry, JSON.stringify(entries));
  const env = {
    CAIRN_DATA_DIR: join(directory, 'data'),
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
    CAIRN_ENVIRONMENTS: registry,
  };
  const up = spawnCairn(['up', '--json'], env);
  const ready = await firstLine(up);
  const { collector, clickhouse } = JSON.parse(ready) as { collector: string; clickhouse: string };
  const ask = async (sql: string, settings: Readonly<Record<string, string>> = {}) => {
    const url = new URL(clickhouse);
    for (const [name, value] of Object.entries(settings)) url.searchParams.set(name, value);
    const response = await fetch(url, { method: 'POST', body: sql });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${bytes}`);
    return bytes;
  };
  return {
    collector,
    clickhouse,
    env,
    directory,
    cairn: (...args) => runCairn(args, env),
    async rows<Row>(sql: string) {
      const bytes = await ask(`${sql}\nFORMAT JSON`, { output_format_json_quote_64bit_integers: '0' });
      return (JSON.parse(bytes.toString()) as { data: Row[] }).data;
    },
    export: ask,
    async stop() {
      up.kill('SIGTERM');
      if (up.exitCode === null && up.signalCode === null) await once(up, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function firstLine(up: ChildProcess): Promise<string> {
  let stderr = '';
  up.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const lines = createInterface({ input: up.stdout as NodeJS.ReadableStream });
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    up.once('exit', (code) => reject(new Error(`up exited with ${code}: ${stderr}`)));
  });
}
