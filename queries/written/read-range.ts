import type { EventScope } from '../event-scope.ts';
import { type Place, shown } from './place.ts';
import type { Read } from './read-value.ts';
import { timeMs } from './time-text.ts';
import type { WrittenObject } from './written-object.ts';

/** A time, or so long before now. */
export function readTime(nowMs: number): Read<number> {
  return (value, place) => {
    try {
      return timeMs(typeof value === 'string' ? value : '', nowMs);
    } catch (error) {
      return place.refuse(`${(error as Error).message}, current value is ${shown(value)}`);
    }
  };
}

/** `from` (inclusive) and `to` (exclusive), of which either may be missing. */
export function readRange(written: WrittenObject, nowMs: number): Pick<EventScope, 'fromMs' | 'toMs'> {
  const range = {
    ...written.some('from', readTime(nowMs), 'fromMs'),
    ...written.some('to', readTime(nowMs), 'toMs'),
  };
  refuseEmpty(range, written.place);
  return range;
}

function refuseEmpty({ fromMs, toMs }: Pick<EventScope, 'fromMs' | 'toMs'>, place: Place): void {
  if (fromMs === undefined || toMs === undefined || fromMs < toMs) return;
  place
    .at('from')
    .refuse(
      `the range is empty: ${new Date(fromMs).toISOString()} is not before ${new Date(toMs).toISOString()}`,
    );
}
