import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Admin, Partitioners } from 'kafkajs';
import { startEmbeddedStack } from '#infra/embedded/embedded-stack.ts';
import { type ClickHouse, createClickHouse } from '#lib/clickhouse/client.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { isPassing } from '#lib/kafka/passing-error.ts';
import { createLogger } from '#lib/service/logger.ts';
import type { Variables } from '../cli/command.ts';
import { type Exit, type ServiceProcess, startServiceProcess } from '../cli/service-process.ts';
import { FED_BY, FILLED_GENERATION, fillTopics, sendTicks } from './fill-topics.ts';
import type { MemoryPeaks } from './heap-watch.ts';
import { usageOf } from './process-usage.ts';

export type RestoreBenchOptions = {
  readonly devices: number;
  readonly ids: number;
  readonly partitions: number;
  /** Services to measure; all where it is empty. */
  readonly services: readonly string[];
  /** Where the filled topics are kept for the next run; undefined = they are thrown away. */
  readonly dataDir: string | undefined;
  readonly env: Variables;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export type ServiceRun = {
  readonly service: string;
  /** What it had to begin with. */
  readonly from: 'topics' | 'snapshot' | 'empty tables' | 'loaded tables';
  /** Seconds from the start of the process until every partition has processed a new record; -1 = it never did. */
  readonly readySeconds: number;
  /** CPU time of the process until then: what tells most on a machine that does other things too. */
  readonly cpuSeconds: number;
  readonly stopSeconds: number;
  readonly memory: MemoryPeaks;
  /** How the process ended: 0, or the code or signal it died of. */
  readonly exit: string;
};

export type RestoreBench = {
  readonly devices: number;
  readonly ids: number;
  readonly partitions: number;
  readonly fillSeconds: number;
  readonly runs: readonly ServiceRun[];
  readonly loadAverage: number;
};

const LOOK_EVERY_MS = 200;
const STOP_PATIENCE_MS = 60_000;

/**
 * Fills the topics of a Kafka of its own with the state of so many devices and ids, and starts each service on it,
 * one process for all partitions: first without a snapshot, then with the one it left.
 */
export async function benchRestore(options: RestoreBenchOptions): Promise<RestoreBench> {
  const { devices, ids, partitions, progress, signal } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'cairn-bench-')));
  await mkdir(dataDir, { recursive: true });
  // Of a directory that was kept only Kafka's topics are wanted.
  await rm(join(dataDir, 'clickhouse'), { recursive: true, force: true });
  try {
    const servers = await startEmbeddedStack({
      dataDir,
      kafkaPort: 0,
      clickhousePort: 0,
      progress,
      signal,
    });
    try {
      const { brokers } = servers;
      const startedAt = performance.now();
      const filled = join(dataDir, 'filled.json');
      const wanted = JSON.stringify({ devices, ids, partitions });
      if (!existsSync(filled)) {
        await fillTopics({ brokers, partitions, devices, ids, progress, signal });
        writeFileSync(filled, wanted);
      } else if (readFileSync(filled, 'utf8') !== wanted) {
        throw new Error(`Cannot measure in ${dataDir}: it is filled with ${readFileSync(filled, 'utf8')}`);
      }
      const fillSeconds = secondsSince(startedAt);
      const runs = await measureServices({ ...options, dataDir }, servers);
      return { devices, ids, partitions, fillSeconds, runs, loadAverage: loadavg()[0] ?? 0 };
    } finally {
      await servers.stop();
    }
  } finally {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureServices(
  options: RestoreBenchOptions & { dataDir: string },
  servers: { brokers: readonly string[]; clickhouseUrl: string },
): Promise<readonly ServiceRun[]> {
  const { partitions, dataDir, progress } = options;
  const log = createLogger('bench', 'silent');
  const kafka = createKafka({ clientId: 'cairn-bench', brokers: servers.brokers, log });
  const admin = kafka.admin();
  const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  const stateDir = join(dataDir, 'state');
  const env: Variables = {
    ...options.env,
    CAIRN_KAFKA_BROKERS: servers.brokers.join(','),
    CAIRN_CLICKHOUSE_URL: servers.clickhouseUrl,
    CAIRN_PARTITIONS: String(partitions),
    CAIRN_GENERATION: String(FILLED_GENERATION),
    CAIRN_HEALTH_PORT: '0',
    CAIRN_STATE_DIR: stateDir,
    CAIRN_LOG_LEVEL: 'info',
    CAIRN_BENCH_MEMORY: join(dataDir, 'memory.json'),
    NODE_OPTIONS: `--import=${new URL('heap-watch.ts', import.meta.url)}`,
  };
  const runs: ServiceRun[] = [];
  const run = async (service: string, from: ServiceRun['from'], isReady: () => Promise<boolean>) => {
    progress(`${service}: from ${from}`);
    const result = await runOnce(service, from, env, isReady, options);
    runs.push(result);
    progress(`${service}: ready after ${result.readySeconds.toFixed(1)} s, exit ${result.exit}`);
  };
  try {
    await admin.connect();
    await producer.connect();
    await rm(stateDir, { recursive: true, force: true });
    const isWanted = (service: string) => options.services.length === 0 || options.services.includes(service);
    for (const [service, topic] of FED_BY.filter(([name]) => isWanted(name))) {
      for (const from of ['topics', 'snapshot'] as const) {
        await sendTicks(producer, topic, partitions, Date.now());
        await run(service, from, () => hasProcessedAll(admin, service, topic));
      }
    }
    const clickhouse = createClickHouse({ url: servers.clickhouseUrl });
    if (isWanted('loader')) await forgetGroup(admin, `loader.g${FILLED_GENERATION}`);
    for (const from of isWanted('loader') ? (['empty tables', 'loaded tables'] as const) : [])
      await run('loader', from, () => hasLoadedAll(clickhouse, options.devices));
  } finally {
    await producer.disconnect();
    await admin.disconnect();
  }
  return runs;
}

async function runOnce(
  service: string,
  from: ServiceRun['from'],
  env: Variables,
  isReady: () => Promise<boolean>,
  { signal, progress }: RestoreBenchOptions,
): Promise<ServiceRun> {
  const startedAt = performance.now();
  const main = fileURLToPath(new URL(`../services/${service}/main.ts`, import.meta.url));
  const lines: string[] = [];
  const child = startServiceProcess({ main, env, onLine: (line) => lines.push(line) });
  let exit: Exit | undefined;
  child.exited.then((ended) => {
    exit = ended;
  });
  let readySeconds = -1;
  let cpuSeconds = 0;
  try {
    await startedOrGone(child);
    while (exit === undefined && !(await isReady())) {
      signal.throwIfAborted();
      await pause(LOOK_EVERY_MS);
    }
    if (exit === undefined) readySeconds = secondsSince(startedAt);
    cpuSeconds = usageOf(child.pid).cpuSeconds;
  } catch (error) {
    await child.stop(0);
    throw error;
  }
  const stoppedAt = performance.now();
  await child.stop(STOP_PATIENCE_MS);
  const { code, signal: killedBy } = await child.exited;
  if (code !== 0) for (const line of lines.slice(-LAST_LINES)) progress(line);
  return {
    service,
    from,
    readySeconds,
    cpuSeconds,
    stopSeconds: readySeconds < 0 ? -1 : secondsSince(stoppedAt),
    memory: JSON.parse(readFileSync(env['CAIRN_BENCH_MEMORY'] as string, 'utf8')) as MemoryPeaks,
    exit: killedBy ?? String(code),
  };
}

const LAST_LINES = 10;

async function startedOrGone(child: ServiceProcess): Promise<void> {
  await Promise.race([child.ready, child.exited]);
}

async function hasProcessedAll(admin: Admin, service: string, topic: string): Promise<boolean> {
  const groupId = `${service}.g${FILLED_GENERATION}`;
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const ends = await admin.fetchTopicOffsets(topic);
  return ends.every(({ partition, high }) =>
    committed?.partitions.some(
      (entry) => entry.partition === partition && BigInt(entry.offset) >= BigInt(high),
    ),
  );
}

/** Forgets what a group has read. The coordinators of a broker that has just started may still be loading. */
async function forgetGroup(admin: Admin, groupId: string): Promise<void> {
  for (;;) {
    try {
      return await deleteGroup(admin, groupId);
    } catch (error) {
      if (!isPassing(error as Error)) throw error;
      await pause(LOOK_EVERY_MS);
    }
  }
}

async function deleteGroup(admin: Admin, groupId: string): Promise<void> {
  const { groups } = await admin.listGroups();
  if (groups.some((group) => group.groupId === groupId)) await admin.deleteGroups([groupId]);
}

async function hasLoadedAll(clickhouse: ClickHouse, devices: number): Promise<boolean> {
  const [row] = await clickhouse.query<{ bindings: string; sessions: string }>(
    'SELECT (SELECT count() FROM cairn.user_migrations) AS bindings, (SELECT count() FROM cairn.sessions) AS sessions',
  );
  return Number(row?.bindings) >= devices && Number(row?.sessions) >= devices;
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
