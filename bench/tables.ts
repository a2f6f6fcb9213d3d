import { renderTable, thousands } from '../cli/table.ts';
import type { AnswersBench } from './answers.ts';
import type { PipelineBench } from './pipeline.ts';
import type { QueriesBench } from './queries.ts';
import type { PhaseFigures, ReplayBench } from './replay.ts';
import type { RestoreBench } from './restore.ts';

export function renderPipeline({
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

export function renderRestore({
  devices,
  ids,
  partitions,
  fillSeconds,
  runs,
  loadAverage,
}: RestoreBench): string {
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
      { title: 'CPU s', right: true },
      { title: 'stop s', right: true },
      { title: 'peak RSS MB', right: true },
      { title: 'heap MB', right: true },
      { title: 'buffers MB', right: true },
      { title: 'exit' },
    ],
    runs.map(({ service, from, readySeconds, cpuSeconds, stopSeconds, memory, exit }) => [
      service,
      from,
      seconds(readySeconds),
      cpuSeconds.toFixed(1),
      seconds(stopSeconds),
      ...[memory.residentMegabytes, memory.heapMegabytes, memory.buffersMegabytes].map((megabytes) =>
        String(Math.round(megabytes)),
      ),
      exit,
    ]),
  );
  return `${figures}\n\n${table}`;
}

export function renderReplay(result: ReplayBench): string {
  const { before, during, resolved, stored } = result;
  const figures = [
    `${thousands(result.events)} events, loaded at ${perSecond(result.loadedPerSecond)}`,
    `replayed at ${perSecond(result.replayedPerSecond)} beside ${perSecond(result.rate)}`,
    `caught up after ${result.caughtUpSeconds.toFixed(1)} s, switched after ${result.switchedSeconds.toFixed(1)} s`,
    `load average ${result.loadAverage.toFixed(1)} at the end`,
  ].join(' · ');
  const phase = (name: string, { seconds, acknowledgeMs, queryableMs, ...rest }: PhaseFigures) => [
    name,
    seconds.toFixed(0),
    thousands(rest.sentEvents),
    ...[acknowledgeMs, queryableMs].flatMap(({ p50, p99 }) => [p50.toFixed(0), p99.toFixed(0)]),
    String(rest.refusedRequests),
    `${rest.readerErrors} of ${thousands(rest.reads)}`,
    String(rest.fewerRows),
  ];
  const phases = renderTable(
    [
      { title: 'live traffic' },
      { title: 's', right: true },
      { title: 'events', right: true },
      { title: 'ack p50 ms', right: true },
      { title: 'p99', right: true },
      { title: 'queryable p50 ms', right: true },
      { title: 'p99', right: true },
      { title: 'refused', right: true },
      { title: 'reader errors', right: true },
      { title: 'most rows back', right: true },
    ],
    [phase('before', before), phase('during the replay', during)],
  );
  const tables = renderTable(
    [
      { title: 'table' },
      { title: 'rows before', right: true },
      { title: 'rows replayed', right: true },
      { title: 'as readers see it' },
      { title: 'as it is stored' },
    ],
    stored.map(({ table, rows, equal }) => [
      table,
      ...rows.map(thousands),
      word(resolved.filter((one) => one.table === table).every((one) => one.equal)),
      word(equal),
    ]),
  );
  const errors = [...before.firstErrors, ...during.firstErrors].map((error) => `${error}\n`).join('');
  return `${figures}\n\n${phases}\n${tables}${errors === '' ? '' : `\n${errors}`}`;
}

export function renderQueries(result: QueriesBench): string {
  const figures = [
    `${thousands(result.users)} users`,
    `${thousands(result.devices)} devices`,
    `${thousands(result.sessions)} sessions`,
    `${thousands(result.events)} events`,
    result.fillSeconds === 0 ? 'filled before' : `filled in ${Math.round(result.fillSeconds)} s`,
    `load average ${result.loadAverage.toFixed(1)} at the end`,
  ].join(' · ');
  const queries = renderTable(
    [{ title: 'question' }, { title: 'ms', right: true }, { title: 'CPU ms', right: true }],
    result.queries.map(({ name, ms, cpuMs }) => [name, ms.toFixed(0), cpuMs.toFixed(0)]),
  );
  const profiles = renderTable(
    [
      { title: 'profile with timeline' },
      { title: 'devices', right: true },
      { title: 'events', right: true },
      { title: 'median ms', right: true },
      { title: 'worst ms', right: true },
    ],
    result.profiles.map(({ whose, devices, events, medianMs, worstMs }) => [
      whose,
      thousands(devices),
      thousands(events),
      medianMs.toFixed(0),
      worstMs.toFixed(0),
    ]),
  );
  return `${figures}\n\n${queries}\n${profiles}\ncairn user from start to end: ${result.commandMs.toFixed(0)} ms\n`;
}

const perSecond = (rate: number) => `${thousands(Math.round(rate))}/s`;
const word = (equal: boolean) => (equal ? 'equal' : 'DIFFERS');

export function renderAnswers(result: AnswersBench): string {
  const figures = [
    `${thousands(result.events)} events`,
    `${thousands(result.users)} users`,
    `${thousands(result.devices)} devices`,
    result.fillSeconds === 0 ? 'filled before' : `filled in ${Math.round(result.fillSeconds)} s`,
    `medians of ${result.runs}`,
    `load average ${result.loadAverageBefore.toFixed(1)} before, ${result.loadAverage.toFixed(1)} at the end`,
  ].join(' · ');
  const ms = (value: number | null) => (value === null ? 'too much memory' : value.toFixed(0));
  const ratio = (one: number | null, other: number | null) =>
    one === null || other === null ? '' : (one / other).toFixed(2);
  const table = renderTable(
    [
      { title: 'question' },
      { title: 'ms', right: true },
      { title: 'on resolved ids', right: true },
      { title: 'ratio', right: true },
      { title: 'bare scan', right: true },
      { title: 'ratio', right: true },
      { title: 'joins', right: true },
      { title: 'ratio', right: true },
    ],
    result.questions.map(({ name, ms: { asked, resolved, scan, joined } }) => [
      ...[name, ms(asked), ms(resolved), ratio(asked, resolved)],
      ...[ms(scan), ratio(asked, scan), ms(joined), ratio(asked, joined)],
    ]),
  );
  return `${figures}\n\n${table}`;
}
