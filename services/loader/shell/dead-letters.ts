import type { Message, Producer } from 'kafkajs';
import { encodeDeadLetter, MAX_RECORD_BYTES } from '#lib/streams/dead-letter.ts';
import { originHeaders } from '#lib/streams/origin.ts';
import { retryHeaders } from '#lib/streams/retry.ts';
import { topicInKafka } from '#schemas/topics.ts';
import type { Refusal } from '../core/chunk-rows.ts';

/** Key, headers, timestamp and lengths of a message, generously. */
const OVERHEAD_BYTES = 300;

/** Writes refused records to events.rejected, with reason and origin, before their offsets are committed. */
export type DeadLetters = (
  from: { readonly topic: string; readonly partition: number },
  refusals: readonly Refusal[],
) => Promise<void>;

/**
 * Dead letters through an idempotent producer. A crash between the write and the commit writes them again: there
 * they come at least once, and (topic, partition, offset) tells them apart.
 */
export function createDeadLetters(producer: Producer, generation: number): DeadLetters {
  return async (from, refusals) => {
    const messages = refusals.map((refusal) => toMessage(generation, from, refusal));
    for (const batch of batchesOf(messages)) {
      await producer.send({ topic: topicInKafka('events.rejected', generation), acks: -1, messages: batch });
    }
  };
}

function toMessage(
  generation: number,
  from: { readonly topic: string; readonly partition: number },
  { record, code, message, kind }: Refusal,
): Message & { value: Buffer } {
  const { key, value, offset, retry } = record;
  const origin = record.origin ?? { ...from, offset };
  return {
    partition: from.partition,
    key,
    timestamp: String(record.timestampMs),
    headers: { ...originHeaders(origin), ...(retry === undefined ? {} : retryHeaders(retry)) },
    value: encodeDeadLetter({
      stage: 'loader',
      generation,
      code,
      message,
      ...from,
      offset,
      kind,
      key,
      value,
    }),
  };
}

/** Messages of one partition, cut so that each part is small enough to be one record batch. */
function batchesOf(messages: readonly (Message & { value: Buffer })[]): Message[][] {
  const batches: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = message.value.length + OVERHEAD_BYTES;
    if (bytes + size > MAX_RECORD_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(message);
    bytes += size;
  }
  return batches;
}
