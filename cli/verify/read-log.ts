import { rejectedCodec } from '#schemas/codec.ts';
import { ORIGIN_HEADERS, type TopicName, topicInKafka } from '#schemas/topics.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import type { FoldedPartition } from './final-rows.ts';

/** A dead letter of a stage after the merger, and the record of the log it goes back to. */
export type LaterRejection = {
  readonly topic: string;
  readonly kind: string;
  readonly originPartition: number;
  readonly originOffset: bigint;
  readonly partition: number;
  /** Key of the rejected record, as hex. */
  readonly key: string;
};

/** Dead letters of a generation, without the merger's: those are in its own counters. */
export async function readLaterRejections(
  { reader }: KafkaAccess,
  generation: number,
  partitions: readonly number[],
): Promise<LaterRejection[]> {
  const topic: TopicName = 'events.rejected';
  const rejections = await Promise.all(
    partitions.map(async (partition) => {
      const { start, end } = await reader.bounds(topic, partition);
      const found: LaterRejection[] = [];
      for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
        for (const { value, headers } of messages) {
          const letter = rejectedCodec.decode(value);
          if (letter.generation !== generation || letter.stage === 'identity-merger') continue;
          found.push({
            topic: letter.topic,
            kind: letter.kind || 'event',
            originPartition: Number(headers?.[ORIGIN_HEADERS.partition] ?? letter.partition),
            originOffset: BigInt(String(headers?.[ORIGIN_HEADERS.offset] ?? letter.offset)),
            partition: letter.partition,
            key: letter.key.toString('hex'),
          });
        }
      }
      return found;
    }),
  );
  return rejections.flat();
}

/** Folds a compacted topic: the last record of each key before the given ends. */
export async function foldTopic(
  { reader }: KafkaAccess,
  name: TopicName,
  generation: number,
  ends: ReadonlyMap<number, bigint>,
  rejections: readonly LaterRejection[],
): Promise<FoldedPartition[]> {
  const topic = topicInKafka(name, generation);
  return Promise.all(
    [...ends].map(async ([partition, end]) => {
      const { start } = await reader.bounds(topic, partition);
      const lastOffsets = new Map<string, bigint>();
      for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
        for (const { key, value, offset } of messages) {
          const name = key?.toString('hex') ?? '';
          if (value === null) lastOffsets.delete(name);
          else lastOffsets.set(name, BigInt(offset));
        }
      }
      const rejected = new Set(
        rejections.filter((one) => one.topic === topic && one.partition === partition).map(({ key }) => key),
      );
      return { partition, start, end, lastOffsets, rejected };
    }),
  );
}
