import { collectedCodec, sessionCodec } from '#schemas/codec.ts';
import { FRAME_BYTES } from '#schemas/framing.ts';
import { recordKey } from '#schemas/ids.ts';
import { latestSchema } from '#schemas/registry.ts';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';
import type { Collected } from '#schemas/types.ts';

export type BadRecord = {
  readonly title: string;
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** Code of its dead letter; undefined where it is handled like any other record. */
  readonly code: string | undefined;
  /** The stage that is the first to know, where it is not the identity-merger. */
  readonly stage?: 'loader';
};

/** Fields of an event that is good. */
export function goodEvent(device: number, time: number): Partial<Collected> {
  return {
    kind: 'event',
    environment: 1,
    user_id: device,
    device_id: device,
    event_id: device,
    time,
    received_at: time,
    source: 'web',
    type: 'click',
    name: 'Good',
    properties: '{"plan":"pro"}',
  };
}

/** Zigzag varint of any integer: what the codec itself refuses to write. */
function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value >= 0n ? 2n * value : -2n * value - 1n;
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A Collected whose fields are written as given: bigint as a number of any size, Buffer as the bytes of a string or an array. */
function forged(fields: Readonly<Record<string, unknown>>): Buffer {
  const { id, json } = latestSchema('Collected');
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(id, 1);
  const parts = (json as unknown as { fields: { name: string; default: unknown }[] }).fields.map((field) => {
    const value = fields[field.name] ?? field.default;
    if (Array.isArray(value)) return Buffer.from([0]);
    if (Array.isArray(field.default)) return value as Buffer;
    if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0]);
    if (typeof value === 'number' || typeof value === 'bigint') return varint(BigInt(value));
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
    return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
  });
  return Buffer.concat([frame, ...parts]);
}

const YEAR_1_MS = BigInt(Date.parse('0001-01-01T00:00:00Z'));
const YEAR_9999_MS = BigInt(Date.parse('9999-12-31T23:59:59Z'));

/** Records that nobody should ever send, each of a device of its own from `firstDevice` on. */
export function badRecords(firstDevice: number, time: number): BadRecord[] {
  let device = firstDevice;
  const next = () => {
    const own = device++;
    return { key: recordKey(1, own), fields: goodEvent(own, time) };
  };
  const raw = (title: string, code: string, make: (good: Buffer) => Buffer | null): BadRecord => {
    const { key, fields } = next();
    return { title, code, key, value: make(collectedCodec.encode(fields)) };
  };
  const odd = (
    title: string,
    code: string | undefined,
    fields: Readonly<Record<string, unknown>>,
    stage?: 'loader',
  ): BadRecord => {
    const { key, fields: good } = next();
    const value = forged({ ...good, ...fields });
    return { title, code, key, value, ...(stage === undefined ? {} : { stage }) };
  };
  const lengthAt = (good: Buffer) => good.lastIndexOf('{"plan":"pro"}') - 1;
  return [
    raw('no value', 'empty_value', () => null),
    raw('an empty value', 'empty_value', () => Buffer.alloc(0)),
    raw('text instead of Avro', 'not_framed', () => Buffer.from('{"event":"Order"}')),
    raw('four bytes', 'not_framed', (good) => good.subarray(0, 4)),
    raw('a frame and nothing else', 'corrupt', (good) => good.subarray(0, FRAME_BYTES)),
    raw('cut off in its head', 'corrupt', (good) => good.subarray(0, 14)),
    raw('cut off in its last field', 'corrupt', (good) => good.subarray(0, -3)),
    raw('bytes left over', 'corrupt', (good) => Buffer.concat([good, Buffer.from([0])])),
    raw('a length beyond its end', 'corrupt', (good) => good.fill(0xfe, lengthAt(good), lengthAt(good) + 1)),
    raw('a schema id nobody published', 'unknown_schema', (good) => {
      const copy = Buffer.from(good);
      copy.writeUInt32BE(4_000_000_000, 1);
      return copy;
    }),
    raw('a session in a topic of events', 'wrong_schema', () =>
      sessionCodec.encode({ environment: 1, session_id: 5 }),
    ),
    odd('an array without end', 'corrupt', { flags: varint(2n ** 50n) }),
    { ...odd('the key of another device', 'wrong_key', {}), key: recordKey(1, 1) },
    { ...odd('a key of three bytes', 'wrong_key', {}), key: Buffer.from('abc') },
    { ...odd('no key', 'wrong_key', {}), key: Buffer.alloc(0) },
    odd('a kind nobody knows', 'unknown_kind', { kind: 'party' }),
    odd('environment 0', 'out_of_range', { environment: 0 }),
    odd('environment 5000', 'out_of_range', { environment: 5000 }),
    odd('environment -1', 'out_of_range', { environment: -1 }),
    odd('a negative device', 'out_of_range', { device_id: -5n }),
    odd('a device above 2^53', 'out_of_range', { device_id: 2n ** 62n }),
    odd('a negative event id', 'out_of_range', { event_id: -1n }),
    odd('a negative session id', 'out_of_range', { session_id: -(2n ** 40n) }),
    odd('a time of the year 1', 'out_of_range', { time: YEAR_1_MS }),
    odd('a time of the year 9999', 'out_of_range', { time: YEAR_9999_MS }),
    odd('a receive time of the year 9999', 'out_of_range', { received_at: YEAR_9999_MS }),
    odd('a negative pageview id', 'corrupt', { pageview_id: -7n }),
    odd('an idempotency hash of 3 bytes', 'corrupt', { idempotency: Buffer.from('abc') }),
    odd('an identify without identity', 'empty_identity', { kind: 'identify' }),
    odd('a name that is not UTF-8', 'bad_text', { name: Buffer.from([0x61, 0xff, 0xfe]) }),
    odd('an identity that is not UTF-8', 'bad_text', {
      kind: 'identify',
      identity: Buffer.from([0xc3, 0x28]),
    }),
    odd('a giant record', 'too_large', { title: Buffer.alloc(MAX_BATCH_BYTES - 2000, 'a') }),
    odd('properties that are no JSON', 'bad_properties', { properties: '{"plan":' }, 'loader'),
    odd('properties that are a list', 'bad_properties', { properties: '[1,2]' }, 'loader'),
    odd('properties that are null', 'bad_properties', { properties: 'null' }, 'loader'),
    odd(
      'properties nested without end',
      'bad_properties',
      {
        properties: `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
      },
      'loader',
    ),
    odd('NUL in name, identity and properties', undefined, {
      name: 'Nul\0name',
      identity: 'nul\0body',
      properties: '{"a\\u0000b":"c\\u0000d"}',
    }),
    odd('a property named with quotes, a backslash and a line break', undefined, {
      name: 'Od`d\'"\\\n',
      properties: JSON.stringify({ 'a`b\'c"\\\n': 1, '': 2, '\u{1f600}': true, 'x.y': 'z', x: 1 }),
    }),
    odd('a name of 100 000 letters', undefined, { name: 'n'.repeat(100_000) }),
    odd('a property name of 100 000 letters', undefined, {
      properties: JSON.stringify({ ['p'.repeat(100_000)]: 1 }),
    }),
    odd('a source nobody knows', undefined, { source: 'toaster' }),
    odd('numbers beyond any', undefined, { properties: '{"a":1e999,"b":123456789012345678901234567890}' }),
  ];
}
