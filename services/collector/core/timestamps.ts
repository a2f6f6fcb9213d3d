/** Times of clients: reading them, and correcting them for a wrong clock. */
import { LAST_TIME_MS } from '#schemas/collected-checks.ts';
import { addFlag } from './text.ts';
import { type Refusal, refuse, shown } from './verdict.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Clock differences below this are left alone: they may be nothing but transit. */
export const TOLERATED_SKEW_MS = MINUTE_MS;

/** Without a sent-at time, a time this far ahead of the receive time is believed. */
export const TOLERATED_FUTURE_MS = DAY_MS;

/** Largest epoch time a JavaScript date can have, 13 September 275760. */
const MAX_TIME_MS = 8.64e15;

const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)?$/;

/**
 * Epoch ms of a time as clients send it: ISO 8601 (UTC where it names no offset), or epoch ms as a number or
 * digits. Undefined where it is none of these.
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return inRange(Math.floor(value));
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,16}$/.test(value)) return inRange(Number(value));
  const match = ISO_8601.exec(value);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '',
    ,
    sign,
    offsetHour,
    offsetMinute = '0',
  ] = match;
  if (+year! < 100 || +month! < 1 || +month! > 12 || +day! < 1 || +day! > daysIn(+year!, +month!))
    return undefined;
  if (+hour > 23 || +minute > 59 || +second > 60) return undefined;
  if (sign !== undefined && (+offsetHour! > 23 || +offsetMinute > 59)) return undefined;
  const offsetMs =
    sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (+offsetHour! * 60 + +offsetMinute) * MINUTE_MS;
  const milliseconds = +fraction.slice(0, 3).padEnd(3, '0');
  return inRange(Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second, milliseconds) - offsetMs);
}

function inRange(time: number): number | undefined {
  return Math.abs(time) <= MAX_TIME_MS ? time : undefined;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

export type Clock = {
  /** When the collector received the request. Epoch ms. */
  readonly receivedAt: number;
  /** When the client says it sent the request; undefined where it does not say. Epoch ms. */
  readonly sentAt: number | undefined;
  /** Age above which an event is refused. */
  readonly maxAgeMs: number;
};

export type Settled = {
  readonly time: number;
  /** The client's own time where `time` differs from it, as far as it can be stored (0..LAST_TIME_MS); else 0. */
  readonly clientTime: number;
};

/**
 * Time an event is logged with. Where the request says when it was sent:
 * `received - max(0, sent - occurred)`, the client's own time kept where the clocks agree within a minute,
 * never later than received. Else a time more than a day ahead becomes the receive time.
 */
export function settleTime(value: unknown, clock: Clock, flags: string[]): Settled | Refusal {
  const { receivedAt, sentAt } = clock;
  if (value === undefined || value === null) return { time: receivedAt, clientTime: 0 };
  const occurred = parseTime(value);
  if (occurred === undefined) {
    return refuse(
      'invalid_timestamp',
      `Cannot read timestamp: want ISO 8601 or epoch milliseconds, current value is ${shown(value)}`,
    );
  }
  let time = occurred;
  if (sentAt !== undefined && Math.abs(receivedAt - sentAt) >= TOLERATED_SKEW_MS) {
    time = receivedAt - Math.max(0, sentAt - occurred);
    if (time !== occurred) addFlag(flags, 'time_corrected');
  } else if (occurred > (sentAt === undefined ? receivedAt + TOLERATED_FUTURE_MS : receivedAt)) {
    time = receivedAt;
    addFlag(flags, 'time_clamped');
  }
  if (receivedAt - time > clock.maxAgeMs) {
    const days = Math.floor(clock.maxAgeMs / DAY_MS);
    return refuse(
      'timestamp_too_old',
      `Cannot accept timestamp ${shown(value)}: it is more than ${days} days ago (numbers are epoch milliseconds)`,
    );
  }
  return { time, clientTime: time === occurred ? 0 : Math.min(Math.max(0, occurred), LAST_TIME_MS) };
}
