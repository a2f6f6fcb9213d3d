import type { TopicName } from '#schemas/topics.ts';
import type { KafkaAccess } from '../../kafka-access.ts';
import { commitsOf } from '../../progress-of-stages.ts';
import { STAGE_INPUTS } from '../../stage-inputs.ts';
import type { Counters } from './compare-counters.ts';

type Counts = Readonly<Record<string, number>>;

/** What the fold of one partition counted. */
export type FoldedCounts = {
  readonly merger: Counts;
  readonly sessionizer: Counts;
  readonly events: number;
  readonly userChanges: number;
  readonly accountChanges: number;
  readonly bindings: number;
};

/** What each stage after the merger must have counted of one partition. */
function expectedCounts(folded: FoldedCounts): ReadonlyMap<TopicName, Counts> {
  return new Map<TopicName, Counts>([
    ['events.identified', folded.sessionizer],
    ['events.sessionized', { 'event.loaded': folded.events }],
    [
      'profile.changes',
      {
        'user_properties.loaded': folded.userChanges,
        'account_properties.loaded': folded.accountChanges,
      },
    ],
    ['identity.migrations', { 'migration.loaded': folded.bindings }],
  ]);
}

export type CountersToRead = {
  readonly generation: number;
  /** By partition. */
  readonly folded: readonly FoldedCounts[];
  /** The merger's counters at the cut, by partition. */
  readonly merger: readonly Counts[];
};

/** Counters as the stages have committed them by now, each beside the fold's. `isExact` is left to the caller. */
export async function readCounters(
  kafka: KafkaAccess,
  { generation, folded, merger }: CountersToRead,
): Promise<Omit<Counters, 'isExact'>[]> {
  const counters: Omit<Counters, 'isExact'>[] = folded.map((own, partition) => ({
    stage: 'identity-merger',
    topic: 'events.collected',
    partition,
    log: own.merger,
    found: merger[partition] ?? {},
  }));
  for (const input of STAGE_INPUTS) {
    if (input.topic === 'events.collected' || input.topic === 'sessions') continue;
    const commits = await commitsOf(kafka, input, generation);
    folded.forEach((partition, at) => {
      counters.push({
        stage: input.service,
        topic: input.topic,
        partition: at,
        log: expectedCounts(partition).get(input.topic) ?? {},
        found: withCopied(commits.get(at)?.counts ?? {}),
      });
    });
  }
  return counters;
}

/** Counters with records whose rows a replay copied among the loaded ones: either way a row is there. */
export function withCopied(counts: Counts): Counts {
  const sums: Record<string, number> = {};
  for (const [outcome, count] of Object.entries(counts)) {
    const name = outcome.replace(/\.copied$/, '.loaded');
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
