import type { ParquetParsers, SchemaElement } from 'hyparquet';
import { parseExactJson } from './exact-json.ts';

/** Digits that a JavaScript number keeps whatever they are. */
const SAFE_DIGITS = 15;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** How values of Parquet's richer types are decoded: times as ISO 8601 text in UTC, days as dates. */
export const PARQUET_PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (ms) => timeText(ms * 1_000_000n),
  timestampFromMicroseconds: (us) => timeText(us * 1000n),
  timestampFromNanoseconds: timeText,
  dateFromDays: (days) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  jsonFromBytes: (bytes) => jsonOrText(new TextDecoder().decode(bytes)),
};

/** ISO 8601 text of nanoseconds since 1970, with as many digits of a second as the time has, at least three. */
function timeText(nanoseconds: bigint | undefined): string | undefined {
  if (nanoseconds === undefined || nanoseconds === null) return undefined;
  const ms = nanoseconds / 1_000_000n - (nanoseconds % 1_000_000n < 0n ? 1n : 0n);
  const text = new Date(Number(ms)).toISOString();
  const below = nanoseconds - ms * 1_000_000n;
  return below === 0n ? text : text.replace('Z', `${String(below).padStart(6, '0').replace(/0+$/, '')}Z`);
}

function jsonOrText(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return text;
  }
}

/** A decimal's scale; undefined where the column is none. */
export function decimalScale({ converted_type, logical_type, scale }: SchemaElement): number | undefined {
  if (logical_type?.type === 'DECIMAL') return logical_type.scale;
  return converted_type === 'DECIMAL' ? (scale ?? 0) : undefined;
}

/** A decimal of so many places as a number, as text where a number would not keep its digits. */
export function decimalValue(unscaled: unknown, scale: number): unknown {
  if (unscaled === undefined || unscaled === null) return undefined;
  const whole = unscaled instanceof Uint8Array ? signed(unscaled) : BigInt(unscaled as number | bigint);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0');
  const cut = digits.length - scale;
  const text = `${whole < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`;
  return digits.length <= SAFE_DIGITS ? Number(text) : text;
}

/** Big-endian two's complement. */
function signed(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

/**
 * A decoded value as JSON has it: an integer beyond 2^53 as its digits, bytes as text where they are UTF-8 and
 * else in base64, and not-a-number, which data frames write for a missing value, as none.
 */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown[], plainValue);
  const plain: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) plain[name] = plainValue(inner);
  return plain;
}

function bytesText(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('base64');
  }
}
