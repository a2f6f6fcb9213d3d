import { rejectedCodec } from '#schemas/codec.ts';
import { kindOfCollected } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';

/** Bytes of key and value that a record may have: with its headers, and in a dead letter, it still fits a batch. */
export const MAX_RECORD_BYTES: number = MAX_BATCH_BYTES / 2;

/** What a dead letter keeps of a record that is too large. */
const KEPT_BYTES = 64 * 1024;

/** Throws DecodeError where a record is too large to be passed on. */
export function checkSize(key: Buffer | null, value: Buffer | null): void {
  const bytes = (key?.length ?? 0) + (value?.length ?? 0);
  if (bytes > MAX_RECORD_BYTES) {
    throw new DecodeError(
      'too_large',
      `Cannot process a record: it has ${bytes} bytes, the most is ${MAX_RECORD_BYTES}`,
    );
  }
}

/** Value of a dead letter: the record whole, but for one that is too large, of which it keeps the beginning. */
export function encodeDeadLetter(letter: {
  readonly stage: string;
  readonly generation: number;
  readonly code: string;
  readonly message: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly kind?: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}): Buffer {
  const kept = letter.code === 'too_large' ? KEPT_BYTES : MAX_RECORD_BYTES;
  return rejectedCodec.encode({
    ...letter,
    offset: Number(letter.offset),
    kind: letter.kind || (kindOfCollected(letter.value) ?? ''),
    key: letter.key?.subarray(0, kept) ?? Buffer.alloc(0),
    value: letter.value?.subarray(0, kept) ?? Buffer.alloc(0),
  });
}
