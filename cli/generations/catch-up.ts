import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaAccess } from '../kafka-access.ts';
import { type PartitionProgress, progressOfStages } from '../progress-of-stages.ts';

const LOOK_EVERY_MS = 1000;
/** A lag this small is gone within a moment: what is left is waited for exactly, up to a cut. */
const CAUGHT_UP_RECORDS = 1000;
/** So is what the log grows by in this time: beside traffic the stages are always a moment behind. */
const CAUGHT_UP_MS = 5000;

export type Progress = {
  /** Records of the log that the merger has read, and how many there are. */
  readonly read: number;
  readonly of: number;
  /** Records that some stage has still to process. */
  readonly lag: number;
  /** Records processed per second, over all stages. */
  readonly recordsPerSecond: number;
  /** Time until it has caught up; undefined where it cannot be told. */
  readonly remainingMs: number | undefined;
};

/** Waits until the stages of a generation are no more than a moment behind. */
export async function catchUp(
  kafka: KafkaAccess,
  generation: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  let before: { processed: number; of: number; atMs: number } | undefined;
  for (;;) {
    const stages = await progressOfStages(kafka, generation);
    const log = stages.filter(({ topic }) => topic === 'events.collected');
    const of = sum(log.map(({ end }) => Number(end)));
    const now = { processed: processedOf(stages), of, atMs: performance.now() };
    const { processed, of: ofBefore, atMs } = before ?? { ...now, atMs: Number.NEGATIVE_INFINITY };
    const perMs = (now.processed - processed) / (now.atMs - atMs);
    const grownPerMs = (of - ofBefore) / (now.atMs - atMs);
    before = now;
    const lag = sum(stages.map((stage) => stage.lag));
    const left = workLeft(stages);
    onProgress({
      read: sum(log.map(({ committed }) => Number(committed))),
      of,
      lag,
      recordsPerSecond: Math.round(perMs * 1000),
      remainingMs: left === 0 ? 0 : perMs > 0 ? Math.round(left / perMs) : undefined,
    });
    // Only what was read can be behind: nothing of the log may be missing.
    if (log.length > 0 && lag <= Math.max(CAUGHT_UP_RECORDS, CAUGHT_UP_MS * grownPerMs)) return;
    await pause(LOOK_EVERY_MS);
  }
}

function processedOf(stages: readonly PartitionProgress[]): number {
  return sum(stages.flatMap(({ counts }) => Object.values(counts)));
}

/** Steps still to do: what the first stage has not read yet will be work for the others too. */
export function workLeft(stages: readonly Pick<PartitionProgress, 'service' | 'lag'>[]): number {
  const steps = { 'identity-merger': 3, sessionizer: 2, loader: 1 } as const;
  return sum(stages.map(({ service, lag }) => lag * steps[service]));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
