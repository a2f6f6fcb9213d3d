import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { createLogger } from '#lib/service/logger.ts';
import { auditCodec } from '#schemas/codec.ts';
import { topicInKafka } from '#schemas/topics.ts';
import type { Audit } from '#schemas/types.ts';
import { type Finished, runCairn, spawnCairn } from './cairn.ts';

export type Answer = { readonly status: number; readonly body: unknown };

/** The whole of Cairn as `cairn up` starts it: requests go in by HTTP, answers come out by SQL. */
export type WholeStack = {
  readonly collectorUrl: string;
  readonly clickHouseUrl: string;
  /** POSTs JSON and gives the answer. */
  post(path: string, body: object): Promise<Answer>;
  /** Text that the collector answers to a GET. */
  get(path: string): Promise<string>;
  rows<Row>(sql: string): Promise<Row[]>;
  /** Everything in `identity.audit`. */
  audit(): Promise<Audit[]>;
  /** Runs a command on the stack to its end. */
  cairn(...args: string[]): Promise<Finished>;
  /** Starts a command on the stack that runs until it is stopped. */
  start(args: readonly string[], variables: Readonly<Record<string, string>>): ChildProcess;
  stop(): Promise<void>;
};

/** Starts a stack with data of its own; `environments` is the content of the registry file. */
export async function startWholeStack(environments: readonly object[]): Promise<WholeStack> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-whole-'));
  const registry = join(dataDir, 'environments.json');
  await writeFile(registry, JSON.stringify(environments));
  const env = {
    CAIRN_DATA_DIR: dataDir,
    CAIRN_ENVIRONMENTS: registry,
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
  };
  const up = spawnCairn(['up', '--json'], env);
  let said = '';
  up.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const exited = new Promise<void>((resolve) => up.once('exit', () => resolve()));
  const first = new Promise<string>((resolve) =>
    createInterface({ input: up.stdout as NodeJS.ReadableStream }).once('line', resolve),
  );
  const died = exited.then(() => {
    throw new Error(`Cannot start the stack: up ended: ${said}`);
  });
  died.catch(() => undefined);
  const ready = JSON.parse(await Promise.race([first, died])) as Record<
    'collector' | 'clickhouse' | 'kafka',
    string
  >;
  const clickHouse = createClickHouse({ url: ready.clickhouse });
  const log = createLogger('test', 'error');
  return {
    collectorUrl: ready.collector,
    clickHouseUrl: ready.clickhouse,
    async post(path, body) {
      const response = await fetch(new URL(path, ready.collector), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
    },
    get: async (path) => (await fetch(new URL(path, ready.collector))).text(),
    rows: (sql) => clickHouse.query(sql, { output_format_json_quote_64bit_integers: 0 }),
    async audit() {
      const reader = await PartitionReader.open({ brokers: [ready.kafka], clientId: 'test', log });
      const topic = topicInKafka('identity.audit', 1);
      const records: Audit[] = [];
      for (const partition of await reader.partitions(topic)) {
        const { start, end } = await reader.bounds(topic, partition);
        for await (const { messages } of reader.read({ topic, partition, from: start, to: end }))
          for (const { value } of messages) records.push(auditCodec.decode(value as Buffer));
      }
      await reader.close();
      return records;
    },
    cairn: (...args) => runCairn(args, env),
    start: (args, variables) => spawnCairn(args, { ...env, ...variables }),
    async stop() {
      if (up.exitCode === null && up.signalCode === null) up.kill('SIGTERM');
      await exited;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
