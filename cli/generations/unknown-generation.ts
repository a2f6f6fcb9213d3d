import { FIRST_REVISION } from '#schemas/topics.ts';
import type { Generation } from '#schemas/types.ts';

/** What is known of a generation of which nothing was written down: it made itself and reads the first log. */
export function unknownGeneration(generation: number): Generation {
  return {
    generation,
    created_at: 0,
    copied_from: 0,
    copied_before: 0,
    copied_at: 0,
    verified_at: 0,
    dropped_at: 0,
    log_revision: FIRST_REVISION,
    log_partitions: 0,
    log_sealed_at: 0,
    log_opened_at: 0,
  };
}
