import type { Collected } from '#schemas/types.ts';
import { emptyRecord } from './input.ts';

/** A tick carries stream time and belongs to no environment and no device: its key is that of (0, 0). */
export function newTick(eventId: number, nowMs: number): Collected {
  const tick = emptyRecord();
  tick.kind = 'tick';
  tick.event_id = eventId;
  tick.time = nowMs;
  tick.received_at = nowMs;
  return tick;
}
