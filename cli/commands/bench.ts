import { benchPipeline, type PipelineBench } from '../../bench/pipeline.ts';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { renderTable, thousands } from '../table.ts';
import { UsageError } from '../usage-error.ts';

const DEFAULT_EVENTS = 500_000;
const DEFAULT_BATCH = 500;
const DEFAULT_CONNECTIONS = 8;

export const bench = defineCommand({
  usage: 'pipeline [--events N] [--batch N] [--connections N] [--json]',
  about: `Measures a stack of its own on free ports: events a second from HTTP request to row in ClickHouse, and what each
process spends on them. The load generator shares the machine, so compare figures of one machine and one run.`,
  options: {
    events: { type: 'string', value: 'N', doc: `events to send (${DEFAULT_EVENTS})` },
    batch: { type: 'string', value: 'N', doc: `events of one request, up to 1000 (${DEFAULT_BATCH})` },
    connections: { type: 'string', value: 'N', doc: `connections to the collector (${DEFAULT_CONNECTIONS})` },
    ...JSON_OPTION,
  },
  maxArguments: 1,
  examples: [['bench pipeline --events 1000000', 'a million events from HTTP to ClickHouse']],
  async run(values, [name], context) {
    if (name !== 'pipeline')
      throw new UsageError(`Cannot run the benchmark ${JSON.stringify(name ?? '')}: there is pipeline`);
    const result = await benchPipeline({
      events: count('--events', values.events, DEFAULT_EVENTS, 1_000_000_000),
      batchSize: count('--batch', values.batch, DEFAULT_BATCH, 1000),
      connections: count('--connections', values.connections, DEFAULT_CONNECTIONS, 1000),
      env: context.env,
      signal: context.signal,
      progress: (text) => context.stderr.write(`${text}\n`),
    });
    context.stdout.write(values.json ? `${JSON.stringify(result)}\n` : render(result));
    return 0;
  },
});

function count(option: string, text: string | undefined, otherwise: number, most: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new UsageError(
      `Cannot read ${option}: want a whole number from 1 to ${most}, current value is ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function render({
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
