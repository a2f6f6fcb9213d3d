import { defineCommand, JSON_OPTION } from '../command.ts';
import { duplicatesText } from '../duplicates-text.ts';
import { locateStack } from '../locate-stack.ts';
import { isAlive } from '../run-file.ts';
import { readStackStatus, type StackStatus } from '../stack-status.ts';
import { durationText, renderTable, thousands } from '../table.ts';

export const status = defineCommand({
  usage: '[--json]',
  about: `Shows what runs, how far behind each stage is, by partition, how old the oldest unprocessed record is,
what came in per second over the last minute, and how many records were rejected. Exit code 1 when
something is not ready.`,
  options: { ...JSON_OPTION },
  maxArguments: 0,
  examples: [
    ['status', 'at a glance'],
    ['status --json', 'for a monitor'],
  ],
  async run({ json }, _positionals, context) {
    const status = await readStackStatus(await locateStack(context, ['kafka', 'clickhouse']));
    context.stdout.write(json ? `${JSON.stringify(status)}\n` : render(status));
    return status.ready ? 0 : 1;
  },
});

function render(status: StackStatus): string {
  const mark = (pid: number | null) => (pid === null ? '-' : isAlive(pid) ? String(pid) : `${pid} (gone)`);
  const rows = status.services.map(
    ({ name, generation, pid, ready, reason, restarts, lag, oldestAgeMs, deadLetters, url }) => [
      generation === status.generation ? name : `${name} (g${generation})`,
      mark(pid),
      ready ? 'ready' : reason,
      name === 'collector' ? '-' : thousands(lag),
      oldestAgeMs === null ? '-' : durationText(oldestAgeMs),
      name === 'collector' ? '-' : thousands(deadLetters),
      String(restarts),
      url,
    ],
  );
  const servers = [
    ['Kafka', mark(status.kafka.pid), 'ready', '-', '-', '-', '-', status.kafka.brokers],
    [
      'ClickHouse',
      mark(status.clickhouse.pid),
      status.clickhouse.ready ? 'ready' : 'does not answer',
      '-',
      '-',
      '-',
      '-',
      status.clickhouse.url,
    ],
  ];
  const overview = renderTable(
    [
      { title: 'service' },
      { title: 'pid', right: true },
      { title: 'state' },
      { title: 'lag', right: true },
      { title: 'oldest', right: true },
      { title: 'rejected', right: true },
      { title: 'restarts', right: true },
      { title: 'address' },
    ],
    [...rows, ...servers],
  );
  const inputs = status.services.flatMap(({ name, inputs }) =>
    [...Map.groupBy(inputs, ({ kafkaTopic }) => kafkaTopic)].map(([topic, partitions]) => [
      name,
      topic,
      thousands(partitions.reduce((sum, { lag }) => sum + lag, 0)),
      partitions.map(({ lag }) => lag).join(' '),
    ]),
  );
  const byPartition = renderTable(
    [{ title: 'stage' }, { title: 'topic' }, { title: 'lag', right: true }, { title: 'by partition' }],
    inputs,
  );
  return `${overview}\n${inputs.length === 0 ? '' : `${byPartition}\n`}collected ${status.collectedPerSecond} records/s over the last minute, ticks included · ${thousands(status.deadLetters)} rejected · generation ${status.generation}\n${status.duplicates === null ? '' : `${duplicatesText(status.duplicates)}\n`}`;
}
