/**
 * Confluent wire format: one zero byte, the schema id as a big-endian 32-bit integer, the Avro datum.
 * https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 */
export const FRAME_BYTES = 5;

/** Why a record cannot be used: stable codes, explained in docs/OPERATIONS.md. */
export const DECODE_CODES = [
  'empty_value',
  'not_framed',
  'unknown_schema',
  'wrong_schema',
  'corrupt',
  'bad_text',
  'unknown_kind',
  'wrong_key',
  'out_of_range',
  'empty_identity',
  'bad_properties',
  'too_large',
] as const;
export type DecodeCode = (typeof DECODE_CODES)[number];

/** A record's bytes cannot be read: the record is bad, not the stage. Ends as a dead letter with this code. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeCode;

  constructor(code: DecodeCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Schema id of a framed value. Throws DecodeError where the value is not framed. */
export function readFrame(value: Buffer | null): number {
  if (value === null || value.length === 0)
    throw new DecodeError('empty_value', 'Cannot decode a record: it has no value');
  if (value.length < FRAME_BYTES || value[0] !== 0) {
    throw new DecodeError(
      'not_framed',
      `Cannot decode a record: want a zero byte and a schema id first, value starts with ${value.subarray(0, FRAME_BYTES).toString('hex')}`,
    );
  }
  return value.readUInt32BE(1);
}

/** Writes the frame at `at` and returns the position after it. */
export function writeFrame(buffer: Buffer, schemaId: number, at = 0): number {
  buffer[at] = 0;
  return buffer.writeUInt32BE(schemaId, at + 1);
}
