import { addFlag, MAX_TEXT } from './text.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

/** Name of an event as it is logged: refused, not cut, where it is over-long, as a cut name is another event. */
export function readEventName(value: unknown, field: string, flags: string[]): string | Refusal {
  if (value === undefined || value === null) {
    return refuse('missing_event', `Cannot accept the event: it has no ${field}`);
  }
  if (typeof value !== 'string') {
    return refuse('invalid_event', `Cannot read ${field}: want a string, current value is ${shown(value)}`);
  }
  if (value.trim() === '') return refuse('missing_event', `Cannot accept the event: ${field} is empty`);
  if (value.length > MAX_TEXT) {
    return refuse(
      'event_too_long',
      `Cannot accept ${field}: want at most ${MAX_TEXT} characters, current length is ${value.length}`,
    );
  }
  if (value.isWellFormed()) return value;
  addFlag(flags, 'surrogate_replaced');
  return value.toWellFormed();
}
