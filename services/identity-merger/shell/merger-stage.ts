import { durationMs } from '#lib/config/duration.ts';
import type { ConfigOf } from '#lib/config/spec.ts';
import { ConfigError } from '#lib/errors.ts';
import type { Processor } from '#lib/streams/processor.ts';
import type { StageExtras } from '#lib/streams/stage-service.ts';
import type { SPEC } from '../config.ts';
import { capacityOf, createMerger, DUPLICATES_WINDOW_MS, type MergerState } from '../core/processor.ts';
import { createOlderIds } from './older-ids.ts';

/** What `events.identified` is kept beyond the window: a stage that is restored reads the window back from it. */
const MARGIN_MS = 24 * 60 * 60 * 1000;

/**
 * The identity-merger as its settings want it: idempotency keys in memory alone, or with a store for older ones. Throws
 * ConfigError where that store has no directory.
 */
export function mergerStage(config: ConfigOf<typeof SPEC>): {
  createProcessor: (partitions: number) => Processor<MergerState>;
  extrasFor: (partitions: number) => StageExtras<MergerState>;
} {
  const { CAIRN_STATE_DIR: directory, CAIRN_GENERATION: generation } = config;
  const maxIds = config.CAIRN_DUPLICATES_MAX_IDS;
  const windowMs = durationMs(config.CAIRN_DUPLICATES_WINDOW);
  const overflows = windowMs > DUPLICATES_WINDOW_MS;
  if (overflows && directory === '') {
    throw new ConfigError([
      'Cannot remember idempotency keys beyond 24h without a directory for them: set CAIRN_STATE_DIR, or a shorter ' +
        `CAIRN_DUPLICATES_WINDOW, current value is ${config.CAIRN_DUPLICATES_WINDOW}`,
    ]);
  }
  return {
    createProcessor: (partitions) => createMerger({ partitions, generation, windowMs, maxIds, overflows }),
    extrasFor(partitions) {
      if (!overflows) return {};
      const capacity = capacityOf(maxIds, partitions);
      const offload = createOlderIds({ directory, windowMs, partitions, capacity });
      return { offload, keepMs: { 'events.identified': windowMs + MARGIN_MS } };
    },
  };
}
