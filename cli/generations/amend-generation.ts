import type { Generation } from '#schemas/types.ts';
import { CommandError } from '../usage-error.ts';

/**
 * What is to be written down of a generation, where more may have been written since the writer has read it: a log that
 * was opened stays open. Throws CommandError where the generation was dropped.
 */
export function amendGeneration(written: Generation | undefined, generation: Generation): Generation {
  requireKept(written, generation.generation);
  return {
    ...generation,
    copied_at: generation.copied_at || (written?.copied_at ?? 0),
    verified_at: generation.verified_at || (written?.verified_at ?? 0),
    log_sealed_at: generation.log_sealed_at || (written?.log_sealed_at ?? 0),
    log_opened_at: generation.log_opened_at || (written?.log_opened_at ?? 0),
  };
}

/** Throws CommandError where what is written down of a generation says that it was dropped. */
export function requireKept(written: Generation | undefined, generation: number): void {
  if ((written?.dropped_at ?? 0) !== 0)
    throw new CommandError(`Cannot go on with generation ${generation}: it was dropped meanwhile`);
}
