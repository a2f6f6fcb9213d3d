import type { DuplicatesBound } from '../services/identity-merger/core/duplicates-bound.ts';
import { durationText, thousands } from './table.ts';

const BYTES_PER_MB = 1_000_000;

/** The bounds within which an idempotency key counts once, which of them is in force, and what is held under them. */
export function duplicatesText(bound: DuplicatesBound): string {
  const { windowMs, maxIds, idsInMemory, idsOnDisk, bytesOnDisk, isFull } = bound;
  const window = durationText(windowMs);
  const bounds =
    maxIds === 0
      ? `for ${window}`
      : `for ${window} or up to ${thousands(maxIds)} keys, now bounded by the ${isFull ? 'number of keys' : window}`;
  const disk =
    maxIds === 0 ? `, ${thousands(idsOnDisk)} on disk (${Math.ceil(bytesOnDisk / BYTES_PER_MB)} MB)` : '';
  return `duplicates are recognised ${bounds} · ${thousands(idsInMemory)} keys in memory${disk}`;
}
