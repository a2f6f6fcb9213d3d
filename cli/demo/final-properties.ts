import type { PropertyWrite } from './ledger.ts';
import type { Properties } from './story.ts';

/**
 * Properties as they stand at the end: for each key the write with the greatest time counts. Writes without a
 * time happened when they arrived, which is after the whole history, in their order.
 */
export function finalProperties(
  writes: readonly PropertyWrite[],
  subjectOf: (subject: string) => string,
): Map<string, Properties> {
  const ordered = writes
    .map((write, arrival) => ({ ...write, at: write.at ?? Number.POSITIVE_INFINITY, arrival }))
    .sort((a, b) => (a.at === b.at ? a.arrival - b.arrival : a.at - b.at));
  const final = new Map<string, Record<string, string | number | boolean>>();
  for (const { subject, properties } of ordered) {
    Object.assign(
      final.getOrInsertComputed(subjectOf(subject), () => ({})),
      properties,
    );
  }
  return final;
}
