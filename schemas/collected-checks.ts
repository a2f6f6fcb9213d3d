import { checkDatum } from './check-datum.ts';
import { type CollectedHead, readHead } from './collected-head.ts';
import { DecodeError } from './framing.ts';
import { IDEMPOTENCY_BYTES, MAX_ENVIRONMENT, MAX_ID, recordKey } from './ids.ts';
import { type PublishedSchema, schemaById } from './registry.ts';

/** 2299-12-31T23:59:59.999Z, where ClickHouse's DateTime64(3) ends. */
export const LAST_TIME_MS = 10_413_791_999_999;

/**
 * Head of a `Collected` whose every byte was looked at: what the first stage of the pipeline lets through, those
 * after it can read. Throws DecodeError.
 */
export function readSoundHead(key: Buffer, value: Buffer | null): CollectedHead {
  const head = readHead(value);
  checkHead(key, head);
  checkDatum(schemaById(head.schemaId) as PublishedSchema, value as Buffer);
  return head;
}

/**
 * Throws DecodeError where a head holds what no id, environment or time can be, or lies under another key. State
 * belongs to partitions and partitions follow from keys: a record under another key is in the wrong place.
 */
export function checkHead(key: Buffer, head: CollectedHead): void {
  const { kind, environment, deviceId, idempotency } = head;
  for (const field of ['userId', 'sessionId', 'deviceId', 'eventId'] as const) within(head, field, 0, MAX_ID);
  for (const field of ['time', 'receivedAt'] as const) within(head, field, 0, LAST_TIME_MS);
  // A tick belongs to nobody: its key is that of (0, 0).
  within(head, 'environment', kind === 'tick' ? 0 : 1, MAX_ENVIRONMENT);
  if (!key.equals(recordKey(environment, deviceId))) {
    throw new DecodeError(
      'wrong_key',
      `Cannot process a record: its key is ${key.toString('hex')} and its device ${environment}/${deviceId}`,
    );
  }
  if (idempotency.length !== 0 && idempotency.length !== IDEMPOTENCY_BYTES) {
    throw new DecodeError(
      'corrupt',
      `Cannot process a record: its idempotency hash has ${idempotency.length} bytes`,
    );
  }
}

type NumberField = 'userId' | 'sessionId' | 'deviceId' | 'eventId' | 'time' | 'receivedAt' | 'environment';

function within(head: CollectedHead, field: NumberField, least: number, most: number): void {
  const value = head[field];
  if (value < least || value > most) {
    throw new DecodeError(
      'out_of_range',
      `Cannot process a record: ${field} is ${value}, want ${least} to ${most}`,
    );
  }
}
