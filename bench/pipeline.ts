import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { type Stack, startStack } from '../cli/stack.ts';
import { readStackSettings } from '../cli/stack-settings.ts';
import { type Usage, usageOf } from './process-usage.ts';

export type PipelineBenchOptions = {
  readonly events: number;
  /** Events of one request. */
  readonly batchSize: number;
  readonly connections: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

export type ProcessCost = {
  readonly name: string;
  readonly cpuSecondsPerMillion: number;
  readonly peakMegabytes: number;
};

export type PipelineBench = {
  readonly events: number;
  /** Events a second that the collector acknowledged, durably. */
  readonly acceptedPerSecond: number;
  /** Events a second from the first request to the last row in ClickHouse. */
  readonly loadedPerSecond: number;
  readonly refusedRequests: number;
  readonly processes: readonly ProcessCost[];
};

const LOOK_EVERY_MS = 200;

/** Sends events through a stack of its own as fast as it takes them, until the last one is in ClickHouse. */
export async function benchPipeline(options: PipelineBenchOptions): Promise<PipelineBench> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cairn-bench-'));
  const free = {
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_DATA_DIR: dataDir,
  };
  const env = { ...options.env, ...free };
  try {
    const stack = await startStack({
      settings: readStackSettings(env),
      env,
      signal: options.signal,
      progress: options.progress,
    });
    try {
      return await measure(stack, options);
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measure(stack: Stack, options: PipelineBenchOptions): Promise<PipelineBench> {
  const { events, batchSize, connections, progress } = options;
  const clickhouse = createClickHouse({ url: stack.clickhouseUrl });
  const processes = () =>
    new Map<string, number>([
      ...stack.services().map(({ name, pid }): [string, number] => [name, pid]),
      ['Kafka', stack.kafkaPid],
      ['ClickHouse', stack.clickhousePid],
    ]);
  const before = new Map([...processes()].map(([name, pid]) => [name, usageOf(pid)]));

  progress(`sending ${events} events, ${batchSize} a request, over ${connections} connections`);
  const startedAt = performance.now();
  const generator = fileURLToPath(new URL('load-generator.ts', import.meta.url));
  const args = [generator, stack.collectorUrl, String(events), String(batchSize), String(connections)];
  const sent = promisify(execFile)(process.execPath, args, { signal: options.signal });
  let saidAt = startedAt;
  for (;;) {
    options.signal.throwIfAborted();
    const [row] = await clickhouse.query<{ loaded: string }>('SELECT count() AS loaded FROM cairn.events');
    const loaded = Number(row?.loaded);
    if (loaded >= events) break;
    if (performance.now() - saidAt > 5000) {
      saidAt = performance.now();
      progress(`${loaded} of ${events} loaded`);
    }
    await pause(LOOK_EVERY_MS);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const load = JSON.parse((await sent).stdout) as { seconds: number; refused: number; cpuSeconds: number };
  const cost = (name: string, { cpuSeconds, peakMegabytes }: Usage): ProcessCost => ({
    name,
    cpuSecondsPerMillion: ((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) * 1e6) / events,
    peakMegabytes,
  });
  return {
    events,
    acceptedPerSecond: events / load.seconds,
    loadedPerSecond: events / seconds,
    refusedRequests: load.refused,
    processes: [
      ...[...processes()].map(([name, pid]) => cost(name, usageOf(pid))),
      cost('load generator', { cpuSeconds: load.cpuSeconds, peakMegabytes: 0 }),
    ],
  };
}
