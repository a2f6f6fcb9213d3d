import type { ClickHouseClient } from '@clickhouse/client';
import { type FinalRow, finalMigrationsQuery, finalSessionsQuery } from '#queries/final-rows.ts';
import {
  type CollisionRow,
  collisionsQuery,
  type LoadedRow,
  loadedRecordsQuery,
} from '#queries/loaded-records.ts';
import { ask } from '../clickhouse-access.ts';
import { letterPartitions } from '../dead-letters/read-letters.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { CommandError } from '../usage-error.ts';
import { type AccountLine, account, totalsByKind } from './accounting.ts';
import { compareFinalRows, type FinalRowsResult, finalRowsProblems } from './final-rows.ts';
import { foldTopic, type LaterRejection, readRefusals } from './read-log.ts';
import { waitUntilLoaded } from './wait-until-loaded.ts';

export type Verdict = {
  readonly ok: boolean;
  readonly generation: number;
  /** Offset the accounts were closed at, by partition of the log. */
  readonly cut: Readonly<Record<string, number>>;
  /** The merger's counters at exactly that offset, by partition. */
  readonly mergerCounts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly totals: readonly Omit<AccountLine, 'partition'>[];
  readonly lines: readonly AccountLine[];
  readonly finalRows: readonly FinalRowsResult[];
  /** User ids that two identities share. */
  readonly collisions: number;
  readonly problems: readonly string[];
};

/** Waits until the log up to its end as it is now is loaded, and closes the accounts. Throws CommandError on time-out, and where dead letters are put back meanwhile. */
export async function reachVerdict(
  kafka: KafkaAccess,
  clickhouse: ClickHouseClient,
  options: { generation: number; timeoutMs: number; progress: (text: string) => void },
): Promise<Verdict> {
  const { generation } = options;
  const before = await readRefusals(kafka, generation, await letterPartitions(kafka.admin));
  const { cut: commits, ends } = await waitUntilLoaded({ kafka, ...options });
  const partitions = [...commits.keys()].sort((left, right) => left - right);
  const cutOf = (partition: number) => {
    const offset = commits.get(partition)?.offset ?? 0n;
    return offset < 0n ? 0n : offset;
  };
  const [loaded, { later: rejections, retried }, [collision]] = await Promise.all([
    ask<LoadedRow>(clickhouse, loadedRecordsQuery(generation, partitions.map(cutOf))),
    readRefusals(kafka, generation, partitions),
    ask<CollisionRow>(clickhouse, collisionsQuery(generation)),
  ]);
  if (retried !== before.retried) {
    throw new CommandError(
      'Cannot verify: dead letters were put back meanwhile. Run it again when that is done',
    );
  }
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
    const folded = await foldTopic(kafka, topic, generation, ends.get(topic) ?? new Map(), rejections);
    finalRows.push(compareFinalRows(topic, folded, await ask<FinalRow>(clickhouse, query)));
  }
  const lines = accounts.flatMap((one) => one.lines);
  const problems = [...accounts.flatMap((one) => one.problems), ...finalRows.flatMap(finalRowsProblems)];
  return {
    ok: problems.length === 0,
    generation,
    cut: Object.fromEntries(partitions.map((partition) => [partition, Number(cutOf(partition))])),
    mergerCounts: Object.fromEntries(
      partitions.map((partition) => [partition, commits.get(partition)?.counts ?? {}]),
    ),
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
