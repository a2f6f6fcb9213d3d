import { duration } from '#lib/config/duration.ts';
import { integer } from '#lib/config/parsers.ts';
import type { Setting } from '#lib/config/spec.ts';
import { STAGE_SETTINGS } from '#lib/streams/stage-service.ts';
import { DUPLICATES_CAPACITY } from './core/processor.ts';

/** Settings of the identity-merger. */
export const SPEC = {
  ...STAGE_SETTINGS,
  CAIRN_DUPLICATES_WINDOW: {
    doc: 'How long an idempotency key is remembered, up to `30d`. Above `24h` the keys that memory has no room for are kept under CAIRN_STATE_DIR.',
    parse: duration('1s', '30d'),
    default: '24h',
  } satisfies Setting<string>,
  CAIRN_DUPLICATES_MAX_IDS: {
    doc: 'Idempotency keys in memory, over all partitions. With a window of up to `24h` the oldest beyond them is forgotten.',
    parse: integer(1, 1_000_000_000),
    default: DUPLICATES_CAPACITY,
  } satisfies Setting<number>,
} as const;
