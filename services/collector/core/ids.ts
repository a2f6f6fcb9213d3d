import { MAX_ID } from '#schemas/ids.ts';
import { type Refusal, type RowCode, refuse, shown } from './verdict.ts';

/** A 53-bit id as clients send it: an integer, or its decimal digits. Undefined where it is not one. */
export function parseId(value: unknown): number | undefined {
  const id = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value;
  // `+ 0` turns -0 into 0.
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id + 0 : undefined;
}

/** An optional id: 0 where it is absent. */
export function readOptionalId(value: unknown, field: string, code: RowCode): number | Refusal {
  if (value === undefined || value === null || value === '') return 0;
  const id = parseId(value);
  return (
    id ??
    refuse(code, `Cannot read ${field}: want an integer in 0..${MAX_ID}, current value is ${shown(value)}`)
  );
}

export function readUserId(value: unknown): number | Refusal {
  const id = parseId(value);
  return (
    id ??
    refuse(
      'invalid_user_id',
      `Cannot read user_id: want an integer in 0..${MAX_ID}, current value is ${shown(value)}`,
    )
  );
}

/** A name that clients send as text or number; undefined where it is neither or has lost digits. */
export function textOrNumber(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

/** An idempotency key; empty where the client sent none. */
export function readIdempotencyKey(value: unknown): { key: string } | Refusal {
  if (value === undefined || value === null) return NO_KEY;
  const key = textOrNumber(value);
  if (key !== undefined) return { key };
  return refuse(
    'invalid_idempotency_key',
    `Cannot read idempotency_key: want a string or a number, current value is ${shown(value)}`,
  );
}

const NO_KEY = { key: '' };
