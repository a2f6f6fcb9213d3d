import { createClickHouse } from '#lib/clickhouse/client.ts';
import type { Stack } from '../cli/stack.ts';
import { type Load, type Surroundings, sendLoad, withOwnStack } from './own-stack.ts';
import { type Usage, usageOf } from './process-usage.ts';

export type PipelineBenchOptions = Load & Surroundings;

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

/** Sends events through a stack of its own as fast as it takes them, until the last one is in ClickHouse. */
export function benchPipeline(options: PipelineBenchOptions): Promise<PipelineBench> {
  return withOwnStack(options, (stack) => measure(stack, options));
}

async function measure(stack: Stack, options: PipelineBenchOptions): Promise<PipelineBench> {
  const { events } = options;
  const clickhouse = createClickHouse({ url: stack.clickhouseUrl });
  const processes = () =>
    new Map<string, number>([
      ...stack.services().map(({ name, pid }): [string, number] => [name, pid]),
      ['Kafka', stack.kafkaPid],
      ['ClickHouse', stack.clickhousePid],
    ]);
  const before = new Map([...processes()].map(([name, pid]) => [name, usageOf(pid)]));
  const load = await sendLoad(stack.collectorUrl, clickhouse, options, options);
  const cost = (name: string, { cpuSeconds, peakMegabytes }: Usage): ProcessCost => ({
    name,
    cpuSecondsPerMillion: ((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) * 1e6) / events,
    peakMegabytes,
  });
  return {
    events,
    acceptedPerSecond: events / load.seconds,
    loadedPerSecond: events / load.loadedSeconds,
    refusedRequests: load.refused,
    processes: [
      ...[...processes()].map(([name, pid]) => cost(name, usageOf(pid))),
      cost('load generator', { cpuSeconds: load.cpuSeconds, peakMegabytes: 0 }),
    ],
  };
}
