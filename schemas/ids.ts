import { hash } from 'node:crypto';

/** Largest id: ids are unsigned 53-bit integers, Heap's own id space, exact as JavaScript numbers. */
export const MAX_ID = Number.MAX_SAFE_INTEGER;

/** Largest environment number: environment and id pack into one unsigned 64-bit key. */
export const MAX_ENVIRONMENT = 2047;

/** Bytes of the hash of an idempotency key that travel in a record. */
export const IDEMPOTENCY_BYTES = 16;

/** First 53 bits of SHA-256 over the parts, NUL between them; 0 becomes 1, as 0 means "none". Fixed for ever. */
function hash53(...parts: readonly (string | number)[]): number {
  const digest = hash('sha256', parts.join('\0'), 'buffer');
  return digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11) || 1;
}

/** The one user id of an identity in an environment: every anonymous id of the identity maps to it. */
export function canonicalUserId(environment: number, identity: string): number {
  return hash53('identity', environment, identity);
}

/** Id an account's records are keyed by. */
export function accountKeyId(environment: number, accountId: string): number {
  return hash53('account', environment, accountId);
}

/** Event id of a client-supplied idempotency key (Heap: the key is hashed into the event id space). */
export function eventIdOfKey(environment: number, idempotencyKey: string): number {
  return hash53('event', environment, idempotencyKey);
}

/** Id of a gap session, from its device and the event that seeded it. */
export function gapSessionId(deviceId: number, seedEventId: number): number {
  return hash53('session', deviceId, seedEventId);
}

/** What the duplicates window remembers of an idempotency key. */
export function idempotencyHash(idempotencyKey: string): Buffer {
  return hash('sha256', idempotencyKey, 'buffer').subarray(0, IDEMPOTENCY_BYTES);
}

/**
 * Id of an anonymous id that is not a number, such as a UUID: MD5 folded into 53 bits as Segment's Heap
 * destination does, so that both systems agree on the id.
 */
export function foreignAnonymousId(anonymousId: string): number {
  const digest = hash('md5', anonymousId, 'buffer');
  return digest.readUInt32LE(0) + (digest.readUInt32LE(8) & 0x1fffff) * 2 ** 32;
}

/** Kafka key of a record: environment (11 bits) and id (53 bits) as a big-endian 64-bit integer. */
export function recordKey(environment: number, id: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  writeKey(key, environment, id, 0);
  return key;
}

function writeKey(key: Buffer, environment: number, id: number, at: number): void {
  key.writeUInt32BE(environment * 2 ** 21 + Math.floor(id / 2 ** 32), at);
  key.writeUInt32BE(id % 2 ** 32, at + 4);
}

/** Environment and id of a record key. Throws RangeError where it is not one. */
export function parseRecordKey(key: Buffer): { environment: number; id: number } {
  if (key.length !== 8)
    throw new RangeError(`Cannot read a record key: want 8 bytes, current length is ${key.length}`);
  const high = key.readUInt32BE(0);
  return { environment: high >>> 21, id: (high & 0x1fffff) * 2 ** 32 + key.readUInt32BE(4) };
}

/** Names a row in the compacted topic `sessions`: one part of a session, by when it was opened (stream time, epoch ms). */
export type SessionKey = {
  readonly environment: number;
  readonly deviceId: number;
  readonly sessionId: number;
  readonly openedAtMs: number;
};

/**
 * Key of a row in the compacted topic `sessions`: the device's record key, the session id, and when the part was
 * opened. Parts that do not say when (0) have the shorter key that they had before there were others.
 */
export function sessionKey(
  environment: number,
  deviceId: number,
  sessionId: number,
  openedAtMs: number,
): Buffer {
  const key = Buffer.allocUnsafe(openedAtMs === 0 ? 16 : 24);
  writeKey(key, environment, deviceId, 0);
  writeKey(key, 0, sessionId, 8);
  if (openedAtMs !== 0) writeKey(key, 0, openedAtMs, 16);
  return key;
}

/** Parts of a session key. Throws RangeError where it is not one. */
export function parseSessionKey(key: Buffer): SessionKey {
  if (key.length !== 16 && key.length !== 24)
    throw new RangeError(`Cannot read a session key: want 16 or 24 bytes, current length is ${key.length}`);
  const { environment, id: deviceId } = parseRecordKey(key.subarray(0, 8));
  const { id: sessionId } = parseRecordKey(key.subarray(8, 16));
  const openedAtMs = key.length === 16 ? 0 : parseRecordKey(key.subarray(16)).id;
  return { environment, deviceId, sessionId, openedAtMs };
}

/** Key of a block: the canonical user id's record key, then the first generation that honours it. */
export function blockKey(environment: number, userId: number, fromGeneration: number): Buffer {
  return sessionKey(environment, userId, fromGeneration, 0);
}

/** Key of what is known of a generation: no environment, and its number. */
export function generationKey(generation: number): Buffer {
  return recordKey(0, generation);
}

/**
 * Partition of a record key: murmur2 as in Kafka's default partitioner, on every topic of the pipeline.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 and toPositive.
 */
export function partitionOf(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const whole = data.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(data.readInt32LE(at), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  for (let at = data.length - 1; at >= whole; at -= 1) {
    h ^= (data[at] as number) << (8 * (at - whole));
    if (at === whole) h = Math.imul(h, m);
  }
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}
