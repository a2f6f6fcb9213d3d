import type { Comparison, DifferentRow } from './findings.ts';

/** Counters of a stage in one partition, by `<kind>.<outcome>`. */
export type Counters = {
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  /** As folding the log counts them, up to the cut. */
  readonly log: Readonly<Record<string, number>>;
  readonly found: Readonly<Record<string, number>>;
  /** False where the stage may have counted records after the cut as well: then it must have counted no fewer. */
  readonly isExact: boolean;
};

/** Compares the counters that stages commit with those of the fold. */
export function compareCounters(all: readonly Counters[]): Comparison {
  const different: DifferentRow[] = [];
  for (const { stage, topic, partition, log, found, isExact } of all) {
    const columns = Object.entries(log)
      .map(([column, count]) => ({ column, log: count, found: found[column] ?? 0 }))
      .filter((one) => (isExact ? one.found !== one.log : one.found < one.log));
    if (columns.length > 0)
      different.push({ environment: 0, id: partition, key: `${stage} in ${topic}-${partition}`, columns });
  }
  return { compared: all.length, different };
}
