import { checkDatum } from '#schemas/check-datum.ts';
import { DecodeError, FRAME_BYTES, readFrame } from '#schemas/framing.ts';
import { parseRecordKey, parseSessionKey } from '#schemas/ids.ts';
import { schemaById } from '#schemas/registry.ts';

/** A record of any topic, as JSON can hold it. */
export type ReadableRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: string;
  /** Environment and id; session keys name the session too. */
  readonly key: Readonly<Record<string, number>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly schema: string | null;
  /** null = a tombstone. */
  readonly value: Readonly<Record<string, unknown>> | null;
  /** Why the value cannot be read; absent where it can. */
  readonly error?: string;
};

/** Decodes a record by the schema id in its frame. A record that does not decode says why instead. */
export function readRecord(
  topic: string,
  partition: number,
  message: {
    key: Buffer | null;
    value: Buffer | null;
    offset: string;
    timestamp: string;
    headers?: Readonly<Record<string, unknown>> | undefined;
  },
): ReadableRecord {
  const { key, value, offset, timestamp, headers = {} } = message;
  const base = {
    topic,
    partition,
    offset: Number(offset),
    timestamp: new Date(Number(timestamp)).toISOString(),
    key: readKey(key),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
  };
  if (value === null) return { ...base, schema: null, value: null };
  try {
    const schema = schemaById(readFrame(value));
    if (schema === undefined) throw new DecodeError('unknown_schema', 'Its schema id is not published');
    checkDatum(schema, value);
    const datum = schema.type.fromBuffer(value.subarray(FRAME_BYTES)) as Record<string, unknown>;
    return { ...base, schema: schema.name, value: readable(datum) };
  } catch (error) {
    return { ...base, schema: null, value: { hex: value.toString('hex') }, error: (error as Error).message };
  }
}

function readKey(key: Buffer | null): ReadableRecord['key'] {
  if (key?.length === 8) return parseRecordKey(key);
  if (key?.length !== 16 && key?.length !== 24) return null;
  const { environment, deviceId, sessionId, openedAtMs } = parseSessionKey(key);
  const session = { environment, id: deviceId, session_id: sessionId };
  return openedAtMs === 0 ? session : { ...session, opened_at: openedAtMs };
}

/** Fields that say something: defaults are left out, times are ISO, bytes are hex, properties are an object. */
function readable(datum: Record<string, unknown>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(datum)) {
    if (Buffer.isBuffer(value)) {
      if (value.length > 0) fields[name] = value.toString('hex');
    } else if (name === 'properties' && typeof value === 'string') {
      if (value !== '{}') fields[name] = JSON.parse(value);
    } else if (
      typeof value === 'number' &&
      (name === 'time' || name.endsWith('_at') || name === 'client_time')
    ) {
      if (value > 0) fields[name] = new Date(value).toISOString();
    } else if (
      value !== 0 &&
      value !== '' &&
      value !== false &&
      !(Array.isArray(value) && value.length === 0)
    ) {
      fields[name] = value;
    }
  }
  return fields;
}
