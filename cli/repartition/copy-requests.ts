import type { Message } from 'kafkajs';
import { collectedCodec } from '#schemas/codec.ts';
import { eventIdOfKey, recordKey } from '#schemas/ids.ts';
import { MAX_BATCH_BYTES } from '#schemas/topics.ts';
import { newTick } from '../../services/collector/core/tick.ts';
import type { TargetRecord } from './log-merge.ts';

/** A message for a partition: bytes, headers and timestamp of a record as they were. */
export type LogMessage = Omit<Message, 'key' | 'value'> & {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly partition: number;
};

/** Headers, timestamp and lengths of a record, generously. */
const OVERHEAD_BYTES = 200;

/** A tick for a partition of a log. */
export function tickMessage(partition: number, atMs: number): LogMessage {
  return {
    key: recordKey(0, 0),
    value: collectedCodec.encode(newTick(eventIdOfKey(0, `tick ${partition} ${atMs}`), atMs)),
    partition,
    timestamp: String(atMs),
  };
}

/** The produce requests for records, in order, each partition's part of one small enough to be one record batch. */
export function copyRequests(records: readonly TargetRecord[]): LogMessage[][] {
  const requests: LogMessage[][] = [];
  let bytes = new Map<number, number>();
  for (const record of records) {
    const message = messageOf(record);
    const { partition, key, value } = message;
    const size = (key?.length ?? 0) + (value?.length ?? 0) + OVERHEAD_BYTES;
    const before = bytes.get(partition);
    if (requests.length === 0 || (before !== undefined && before + size > MAX_BATCH_BYTES / 2)) {
      requests.push([]);
      bytes = new Map();
    }
    requests.at(-1)?.push(message);
    bytes.set(partition, (bytes.get(partition) ?? 0) + size);
  }
  return requests;
}

function messageOf(record: TargetRecord): LogMessage {
  if ('tickAtMs' in record) return tickMessage(record.partition, record.tickAtMs);
  const { key, value, partition, timestampMs, headers } = record;
  return {
    key,
    value,
    partition,
    timestamp: String(timestampMs),
    ...(headers === undefined ? {} : { headers }),
  };
}
