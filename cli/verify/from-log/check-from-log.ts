import type { ClickHouseClient } from '@clickhouse/client';
import type { Environment } from '#lib/config/environments.ts';
import { remembersAs } from '../../../services/identity-merger/core/duplicates-bound.ts';
import type { KafkaAccess } from '../../kafka-access.ts';
import { commitsOf } from '../../progress-of-stages.ts';
import { CommandError } from '../../usage-error.ts';
import { type LaterRejection, readRefusals } from '../read-log.ts';
import { readBroadcasts } from './broadcasts.ts';
import { checkPartition } from './check-partition.ts';
import { checkPeople } from './check-people.ts';
import { compareCounters } from './compare-counters.ts';
import { type Difference, Findings, type SectionResult } from './findings.ts';
import { FoldProgress } from './fold-progress.ts';
import { LaterRecords } from './later-records.ts';
import { type Collision, People } from './people.ts';
import { type FoldedCounts, readCounters } from './read-counters.ts';

const MERGER_INPUT = { service: 'identity-merger', topic: 'events.collected' } as const;

export type FromLog = {
  readonly ok: boolean;
  /** Records of the log that were folded, and how many a second. */
  readonly records: number;
  readonly recordsPerSecond: number;
  readonly sections: readonly SectionResult[];
  /** The first differences, at most 20. */
  readonly differences: readonly Difference[];
  /** Ranges of offsets whose rows differ too and were not looked into. */
  readonly rangesNotLookedInto: number;
  /** Pairs of identities on one canonical id. No difference: log and ClickHouse agree on them. */
  readonly collisions: readonly Collision[];
};

export type FromLogOptions = {
  readonly kafka: KafkaAccess;
  readonly clickhouse: ClickHouseClient;
  readonly generation: number;
  /** Offset that everything is loaded up to, and the merger's counters there, by partition of the log. */
  readonly cut: readonly bigint[];
  readonly mergerCounts: readonly Readonly<Record<string, number>>[];
  readonly environments: readonly Environment[];
  readonly say: (text: string) => void;
};

/** Folds the log up to the cut with the services' own core and compares ClickHouse with what comes out. */
export async function checkFromLog(options: FromLogOptions): Promise<FromLog> {
  const { kafka, generation, cut, say } = options;
  const topic = await kafka.topicOf('events.collected', generation);
  const partitions = [...cut.keys()];
  const { later: rejections, atMerger } = await readRefusals(kafka, generation, partitions);
  const broadcasts = await readBroadcasts(kafka, generation);
  const commits = await commitsOf(kafka, MERGER_INPUT, generation);
  const people = new People(options.environments);
  const findings = new Findings();
  const later = new LaterRecords(kafka, topic, cut);
  const progress = new FoldProgress(Number(cut.reduce((sum, offset) => sum + offset, 0n)), say);
  const folded: FoldedCounts[] = [];
  let rangesNotLookedInto = 0;
  for (const partition of partitions) {
    const { start } = await kafka.reader.bounds(topic, partition);
    if (start > 0n)
      throw new CommandError(
        `Cannot fold the log: ${topic}-${partition} starts at offset ${start}, so its first records are gone`,
      );
    const { counts, unread } = await checkPartition({
      ...options,
      stretch: { topic, partition, from: 0n, to: cut[partition] ?? 0n },
      options: {
        partition,
        partitions: partitions.length,
        generation,
        remembers: remembersAs(commits.get(partition)?.facts, partitions.length),
        broadcasts,
        isRejected: isRejected(rejections, partition),
        isRefused: (offset) => atMerger.get(partition)?.has(offset) ?? false,
      },
      isRejectedSession: isRejectedSession(rejections, partition),
      people,
      findings,
      later,
      progress,
    });
    folded.push(counts);
    rangesNotLookedInto += unread;
  }
  await checkPeople({ ...options, people, findings, later });
  const counters = await readCounters(kafka, { generation, folded, merger: options.mergerCounts });
  await later.catchUp();
  const withExactness = counters.map((one) => ({
    ...one,
    isExact: one.stage === 'identity-merger' || !later.counts.has(one.partition),
  }));
  findings.add('stage counters', compareCounters(withExactness));
  const sections = findings.sections();
  return {
    ok: sections.every(({ different }) => different === 0),
    records: progress.records,
    recordsPerSecond: progress.perSecond,
    sections,
    differences: findings.first(),
    rangesNotLookedInto,
    collisions: people.collisions(),
  };
}

const isOf = (name: string) => (rejection: LaterRejection) => rejection.topic.startsWith(name);

/** Whether a later stage rejected what a record became. Sessions are made of many records and judged by key. */
function isRejected(rejections: readonly LaterRejection[], partition: number): (offset: number) => boolean {
  const offsets = new Set(
    rejections
      .filter((one) => one.originPartition === partition && !isOf('sessions')(one))
      .map(({ originOffset }) => Number(originOffset)),
  );
  return (offset) => offsets.has(offset);
}

function isRejectedSession(
  rejections: readonly LaterRejection[],
  partition: number,
): (key: string) => boolean {
  const keys = new Set(
    rejections
      .filter((one) => one.partition === partition && isOf('sessions')(one))
      .map(({ key }) => Buffer.from(key, 'hex').toString('latin1')),
  );
  return (key) => keys.has(key);
}
