import type { Producer } from 'kafkajs';
import { rejectedCodec } from '#schemas/codec.ts';
import { ORIGIN_HEADERS, topicInKafka } from '#schemas/topics.ts';
import type { Refusal } from '../core/chunk-rows.ts';

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
  return async ({ topic, partition }, refusals) => {
    if (refusals.length === 0) return;
    await producer.send({
      topic: topicInKafka('events.rejected', generation),
      acks: -1,
      messages: refusals.map(({ record, code, message, kind }) => ({
        partition,
        key: record.key,
        timestamp: String(record.timestampMs),
        headers: {
          [ORIGIN_HEADERS.topic]: topicInKafka('events.collected', generation),
          [ORIGIN_HEADERS.partition]: String(record.originPartition),
          [ORIGIN_HEADERS.offset]: String(record.originOffset),
        },
        value: rejectedCodec.encode({
          stage: 'loader',
          generation,
          code,
          message,
          topic,
          partition,
          offset: Number(record.offset),
          kind,
          key: record.key ?? Buffer.alloc(0),
          value: record.value ?? Buffer.alloc(0),
        }),
      })),
    });
  };
}
