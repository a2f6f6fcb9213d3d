import { readRecord } from '#lib/kafka/readable-record.ts';
import { rejectedCodec } from '#schemas/codec.ts';
import type { LiveRecord } from '../core/live-filter.ts';

type Message = Parameters<typeof readRecord>[2];

/** A record of the log for the live page; undefined for a tick, which says only that time goes on. */
export function liveRecord(topic: string, partition: number, message: Message): LiveRecord | undefined {
  const { key, value, error, timestamp, offset } = readRecord(topic, partition, message);
  const { kind = '', name = '', source = '', identity = '', ...fields } = value ?? {};
  if (kind === 'tick') return undefined;
  return {
    id: `${topic} ${partition}@${offset}`,
    at: timestamp,
    environment: key?.['environment'] ?? 0,
    partition,
    offset,
    kind: String(kind),
    name: String(name),
    source: String(source),
    deviceId: key?.['id'] ?? 0,
    identity: String(identity),
    fields: error === undefined ? fields : { ...fields, error },
  };
}

/** A dead letter with what can be read of the record it holds; undefined for the mark that one was put back. */
export function liveRejection(partition: number, message: Message): LiveRecord | undefined {
  const letter = rejectedCodec.decode(message.value);
  if (letter.code === 'retried') return undefined;
  const { stage, code, message: reason, topic, key, value } = letter;
  const inner = liveRecord(topic, letter.partition, {
    ...message,
    key,
    value,
    offset: String(letter.offset),
  });
  return {
    ...(inner ?? { environment: 0, kind: '', name: '', source: '', deviceId: 0, identity: '', fields: {} }),
    id: `events.rejected ${partition}@${message.offset}`,
    at: new Date(Number(message.timestamp)).toISOString(),
    partition,
    offset: Number(message.offset),
    rejected: { stage, code, message: reason, place: `${topic}-${letter.partition}@${letter.offset}` },
  };
}
