import type { ClickHouseClient } from '@clickhouse/client';
import { type FinalRow, finalMigrationsQuery, finalSessionsQuery } from '#queries/final-rows.ts';
import {
  type CollisionRow,
  collisionsQuery,
  type LoadedRow,
  loadedRecordsQuery,
} from '#queries/loaded-records.ts';
import { ask, openClickHouse } from '../clickhouse-access.ts';
import { defineCommand, JSON_OPTION } from '../command.ts';
import { parseDuration } from '../duration.ts';
import { type KafkaAccess, openKafka } from '../kafka-access.ts';
import { locateStack } from '../locate-stack.ts';
import { renderTable, thousands } from '../table.ts';
import { type AccountLine, account, totalsByKind } from '../verify/accounting.ts';
import { compareFinalRows, type FinalRowsResult, finalRowsProblems } from '../verify/final-rows.ts';
import { foldTopic, type LaterRejection, readLaterRejections } from '../verify/read-log.ts';
import { waitUntilLoaded } from '../verify/wait-until-loaded.ts';

const DEFAULT_TIMEOUT_MS = 120_000;

export type Verdict = {
  readonly ok: boolean;
  readonly generation: number;
  /** Offset the accounts were closed at, by partition of the log. */
  readonly cut: Readonly<Record<string, number>>;
  readonly totals: readonly Omit<AccountLine, 'partition'>[];
  readonly lines: readonly AccountLine[];
  readonly finalRows: readonly FinalRowsResult[];
  /** User ids that two identities share. */
  readonly collisions: number;
  readonly problems: readonly string[];
};

export const verify = defineCommand({
  usage: '[--timeout DURATION] [--json]',
  about: `Accounts for every record: collected = loaded + rejected + duplicate + ignored + erased, by partition and kind.
Notes where the log ends, waits until everything up to there is loaded, and compares the log, the stages'
counters and ClickHouse; sessions and bindings are compared key by key. Exit code 1 and the differences
where they do not agree.`,
  options: {
    timeout: { type: 'string', value: 'DURATION', doc: 'longest time to wait until all is loaded (120s)' },
    ...JSON_OPTION,
  },
  maxArguments: 0,
  examples: [
    ['verify', 'is everything there, once?'],
    ['verify --timeout 10m --json', 'for a script, after an outage'],
  ],
  async run({ timeout, json }, _positionals, context) {
    const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration('--timeout', timeout);
    const { brokers, clickhouseUrl, generation } = locateStack(context, ['kafka', 'clickhouse']);
    const kafka = await openKafka(brokers);
    const clickhouse = openClickHouse(clickhouseUrl);
    try {
      const verdict = await reachVerdict(kafka, clickhouse, {
        generation,
        timeoutMs,
        progress: (text) => context.stderr.write(`${text}\n`),
      });
      context.stdout.write(json ? `${JSON.stringify(verdict)}\n` : render(verdict));
      return verdict.ok ? 0 : 1;
    } finally {
      await clickhouse.close();
      await kafka.close();
    }
  },
});

/** Waits until the log up to its end as it is now is loaded, and closes the accounts. Throws CommandError on time-out. */
export async function reachVerdict(
  kafka: KafkaAccess,
  clickhouse: ClickHouseClient,
  options: { generation: number; timeoutMs: number; progress: (text: string) => void },
): Promise<Verdict> {
  const { generation } = options;
  const commits = await waitUntilLoaded({ kafka, ...options });
  const partitions = [...commits.keys()].sort((left, right) => left - right);
  const cutOf = (partition: number) => {
    const offset = commits.get(partition)?.offset ?? 0n;
    return offset < 0n ? 0n : offset;
  };
  const [loaded, rejections, [collision]] = await Promise.all([
    ask<LoadedRow>(clickhouse, loadedRecordsQuery(generation, partitions.map(cutOf))),
    readLaterRejections(kafka, generation, partitions),
    ask<CollisionRow>(clickhouse, collisionsQuery(generation)),
  ]);
  const accounts = partitions.map((partition) =>
    account({
      partition,
      cut: cutOf(partition),
      counts: commits.get(partition)?.counts ?? {},
      loaded: loaded.filter((row) => row.partition === partition),
      rejectedLater: countRejections(rejections, partition, cutOf(partition)),
    }),
  );
  const finalRows: FinalRowsResult[] = [];
  for (const [topic, query] of [
    ['identity.migrations', finalMigrationsQuery(generation)],
    ['sessions', finalSessionsQuery(generation)],
  ] as const) {
    // The topic is read before the rows: whatever it holds then has been waited for.
    const folded = await foldTopic(kafka, topic, generation, partitions, rejections);
    finalRows.push(compareFinalRows(topic, folded, await ask<FinalRow>(clickhouse, query)));
  }
  const lines = accounts.flatMap((one) => one.lines);
  const problems = [...accounts.flatMap((one) => one.problems), ...finalRows.flatMap(finalRowsProblems)];
  return {
    ok: problems.length === 0,
    generation,
    cut: Object.fromEntries(partitions.map((partition) => [partition, Number(cutOf(partition))])),
    totals: totalsByKind(lines),
    lines,
    finalRows,
    collisions: collision?.collisions ?? 0,
    problems,
  };
}

/** Dead letters of events and property changes: sessions and bindings are compared by key instead. */
function countRejections(
  rejections: readonly LaterRejection[],
  partition: number,
  cut: bigint,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { topic, kind, originPartition, originOffset } of rejections) {
    if (originPartition !== partition || originOffset >= cut || topic.startsWith('sessions')) continue;
    const name = topic.startsWith('identity.migrations') ? 'identify' : kind;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function render({ ok, totals, finalRows, collisions, problems }: Verdict): string {
  const accounts = renderTable(
    ['kind', 'collected', 'loaded', 'rejected', 'duplicate', 'ignored', 'erased', 'missing', 'twice'].map(
      (title) => ({ title, right: title !== 'kind' }),
    ),
    totals.map(({ kind, collected, loaded, rejected, duplicate, ignored, erased, missing, twice }) => [
      kind,
      ...[collected, loaded, rejected, duplicate, ignored, erased, missing, twice].map(thousands),
    ]),
  );
  const keys = renderTable(
    ['topic', 'keys', 'rows', 'missing', 'stale', 'surplus'].map((title) => ({
      title,
      right: title !== 'topic',
    })),
    finalRows.map(({ topic, keys, rows, missing, stale, surplus }) => [
      topic,
      ...[keys, rows, missing, stale, surplus].map(thousands),
    ]),
  );
  const shared = collisions === 0 ? '' : `\n${collisions} user ids are shared by two identities\n`;
  const verdict = ok ? 'Everything is accounted for.' : problems.join('\n');
  return `${accounts}\n${keys}${shared}\n${verdict}\n`;
}
