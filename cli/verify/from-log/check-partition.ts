import type { ClickHouseClient } from '@clickhouse/client';
import { type ResolvedSession, resolvedSessionsQuery, storedSessionsQuery } from '#queries/resolved-rows.ts';
import { type ChecksumRow, checksumsQuery, ROW_TABLES, type RowTable } from '#queries/stored-rows.ts';
import { sessionCodec } from '#schemas/codec.ts';
import type { Session } from '#schemas/types.ts';
import { ask, askRows } from '../../clickhouse-access.ts';
import type { KafkaAccess } from '../../kafka-access.ts';
import { compareResolvedSessions, compareSessions } from './compare-sessions.ts';
import type { Comparison, Findings } from './findings.ts';
import { foldLog } from './fold-log.ts';
import type { FoldProgress } from './fold-progress.ts';
import type { LaterRecords } from './later-records.ts';
import { nameDifferences } from './name-differences.ts';
import type { FoldOptions } from './partition-fold.ts';
import type { People } from './people.ts';
import { RANGE_SIZE } from './range-checksums.ts';
import type { FoldedCounts } from './read-counters.ts';
import type { Stretch } from './read-records.ts';

export type PartitionCheck = {
  readonly kafka: KafkaAccess;
  readonly clickhouse: ClickHouseClient;
  readonly stretch: Stretch;
  readonly options: FoldOptions;
  /** Keys of sessions that the loader rejected, as latin1 text. */
  readonly isRejectedSession: (key: string) => boolean;
  readonly people: People;
  readonly findings: Findings;
  readonly later: LaterRecords;
  readonly progress: FoldProgress;
  readonly say: (text: string) => void;
};

/**
 * Folds one partition and compares what depends on it alone: rows by offset, and sessions. What depends on all
 * partitions is gathered in `people`. Returns the fold's counts, and how many ranges of differing rows nobody
 * looked into.
 */
export async function checkPartition(
  check: PartitionCheck,
): Promise<{ counts: FoldedCounts; unread: number }> {
  const { kafka, clickhouse, stretch, options, people, findings, progress, say } = check;
  const { fold, checksums, storedSessions, bindings } = await foldLog(kafka.reader, stretch, options, {
    chunk: (folded) => people.add(folded, stretch.partition),
    progress: (records, ms) => progress.add(records, ms),
  });

  const ranges: Record<RowTable, readonly number[]> = {
    events: [],
    user_properties: [],
    account_properties: [],
  };
  for (const table of ROW_TABLES) {
    const query = checksumsQuery(table, {
      generation: options.generation,
      partition: stretch.partition,
      before: stretch.to,
      rangeSize: RANGE_SIZE,
    });
    ranges[table] = checksums[table].differingFrom(await ask<ChecksumRow>(clickhouse, query));
    findings.add(table, { compared: checksums[table].rows, different: [] });
  }
  for (const [key, value] of fold.sessions)
    if (!check.isRejectedSession(key)) people.addSession(sessionCodec.decode(value));
  await compareAllSessions(check, fold.sessions, storedSessions);
  let unread = 0;
  if (ROW_TABLES.some((table) => ranges[table].length > 0)) {
    say(`Rows of partition ${stretch.partition} differ: folding it again to name them`);
    unread = await nameDifferences({ ...check, reader: kafka.reader }, ranges);
  }
  const counts = {
    ...fold.counts,
    events: checksums.events.rows,
    userChanges: checksums.user_properties.rows,
    accountChanges: checksums.account_properties.rows,
    bindings,
  };
  return { counts, unread };
}

async function compareAllSessions(
  { clickhouse, stretch, options, isRejectedSession, findings, later }: PartitionCheck,
  sessions: ReadonlyMap<string, Buffer>,
  storedSessions: ReadonlySet<string>,
): Promise<void> {
  const { generation, partition } = options;
  const add = async (section: string, comparison: Comparison) => {
    if (comparison.different.length > 0) await later.catchUp([partition]);
    findings.add(section, comparison, ({ environment, id }) => later.touched.isDevice(environment, id));
  };
  const rows = askRows<Session>(clickhouse, storedSessionsQuery(generation, partition));
  await add('sessions', await compareSessions(sessions, rows, isRejectedSession));
  const resolved = await ask<ResolvedSession>(
    clickhouse,
    resolvedSessionsQuery(generation, partition, stretch.to),
  );
  await add('sessions of events', compareResolvedSessions(sessions, storedSessions, resolved));
}
