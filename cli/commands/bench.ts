import { resolve } from 'node:path';
import { benchPipeline, type PipelineBench } from '../../bench/pipeline.ts';
import { benchRestore, type RestoreBench } from '../../bench/restore.ts';
import { type Context, defineCommand, JSON_OPTION } from '../command.ts';
import { readStackSettings } from '../stack-settings.ts';
import { renderTable, thousands } from '../table.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_EVENTS = 500_000;
const DEFAULT_BATCH = 500;
const DEFAULT_CONNECTIONS = 8;
const DEFAULT_DEVICES = 1_000_000;
const DEFAULT_IDS = 10_000_000;

type Values = {
  readonly [name in 'events' | 'batch' | 'connections' | 'devices' | 'ids' | 'data-dir']: string | undefined;
} & { readonly json: boolean };

/** Each measurement: runs it and answers what to print. */
const BENCHMARKS: Readonly<Record<string, (values: Values, context: Context) => Promise<string>>> = {
  async pipeline(values, context) {
    const result = await benchPipeline({
      events: count('--events', values.events, DEFAULT_EVENTS, 1_000_000_000),
      batchSize: count('--batch', values.batch, DEFAULT_BATCH, 1000),
      connections: count('--connections', values.connections, DEFAULT_CONNECTIONS, 1000),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderPipeline(result);
  },
  async restore(values, context) {
    const dataDir = values['data-dir'];
    const result = await benchRestore({
      devices: count('--devices', values.devices, DEFAULT_DEVICES, 100_000_000),
      ids: count('--ids', values.ids, DEFAULT_IDS, 100_000_000),
      partitions: readStackSettings(context.env).CAIRN_PARTITIONS,
      dataDir: dataDir === undefined ? undefined : resolve(dataDir),
      ...surroundings(context),
    });
    return values.json ? `${JSON.stringify(result)}\n` : renderRestore(result);
  },
};

export const bench = defineCommand({
  usage: 'pipeline|restore [options] [--json]',
  about: `Measures on servers of its own, on free ports. The measuring shares the machine, so compare figures of one machine
and one run.

  pipeline  events a second from HTTP request to row in ClickHouse, and what each process spends on them
  restore   time until each service is ready again on a large state, and its memory`,
  options: {
    events: { type: 'string', value: 'N', doc: `pipeline: events to send (${DEFAULT_EVENTS})` },
    batch: {
      type: 'string',
      value: 'N',
      doc: `pipeline: events of one request, up to 1000 (${DEFAULT_BATCH})`,
    },
    connections: {
      type: 'string',
      value: 'N',
      doc: `pipeline: connections to the collector (${DEFAULT_CONNECTIONS})`,
    },
    devices: {
      type: 'string',
      value: 'N',
      doc: `restore: bound devices, and open sessions (${DEFAULT_DEVICES})`,
    },
    ids: { type: 'string', value: 'N', doc: `restore: remembered idempotency keys (${DEFAULT_IDS})` },
    'data-dir': {
      type: 'string',
      value: 'DIR',
      doc: 'restore: keep the filled topics there, and use them again',
    },
    ...JSON_OPTION,
  },
  maxArguments: 1,
  handlesStop: true,
  examples: [
    ['bench pipeline --events 1000000', 'a million events from HTTP to ClickHouse'],
    ['bench restore', 'a restart with a million devices and ten million idempotency keys'],
  ],
  async run(values, [name = ''], context) {
    const benchmark = BENCHMARKS[name];
    if (benchmark === undefined) {
      const known = Object.keys(BENCHMARKS).join(', ');
      throw new UsageError(`Cannot run the benchmark ${JSON.stringify(name)}: there are ${known}`);
    }
    context.stdout.write(await benchmark(values, context));
    return 0;
  },
});

function surroundings({ env, signal, stderr }: Context) {
  return { env, signal, progress: (text: string) => void stderr.write(`${text}\n`) };
}

function count(option: string, text: string | undefined, otherwise: number, most: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new UsageError(
      `Cannot read ${option}: want a whole number from 1 to ${most}, current value is ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function renderPipeline({
  events,
  acceptedPerSecond,
  loadedPerSecond,
  refusedRequests,
  processes,
}: PipelineBench): string {
  const figures = [
    `${thousands(events)} events`,
    `acknowledged ${thousands(Math.round(acceptedPerSecond))}/s`,
    `loaded ${thousands(Math.round(loadedPerSecond))}/s`,
    `${thousands(refusedRequests)} requests refused and sent again`,
  ].join(' · ');
  const table = renderTable(
    [
      { title: 'process' },
      { title: 'CPU s per million events', right: true },
      { title: 'peak MB', right: true },
    ],
    processes.map(({ name, cpuSecondsPerMillion, peakMegabytes }) => [
      name,
      cpuSecondsPerMillion.toFixed(1),
      peakMegabytes === 0 ? '' : String(Math.round(peakMegabytes)),
    ]),
  );
  return `${figures}\n\n${table}`;
}

function renderRestore({ devices, ids, partitions, fillSeconds, runs, loadAverage }: RestoreBench): string {
  const figures = [
    `${thousands(devices)} devices`,
    `${thousands(ids)} idempotency keys`,
    `${partitions} partitions`,
    `filled in ${Math.round(fillSeconds)} s`,
    `load average ${loadAverage.toFixed(1)} at the end`,
  ].join(' · ');
  const seconds = (value: number) => (value < 0 ? 'never' : value.toFixed(1));
  const table = renderTable(
    [
      { title: 'service' },
      { title: 'from' },
      { title: 'ready s', right: true },
      { title: 'stop s', right: true },
      { title: 'peak RSS MB', right: true },
      { title: 'heap MB', right: true },
      { title: 'buffers MB', right: true },
      { title: 'exit' },
    ],
    runs.map(({ service, from, readySeconds, stopSeconds, memory, exit }) => [
      service,
      from,
      seconds(readySeconds),
      seconds(stopSeconds),
      ...[memory.residentMegabytes, memory.heapMegabytes, memory.buffersMegabytes].map((megabytes) =>
        String(Math.round(megabytes)),
      ),
      exit,
    ]),
  );
  return `${figures}\n\n${table}`;
}
