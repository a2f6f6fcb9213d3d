import type { TopicName } from '#schemas/topics.ts';
import { type DeadLetter, topicNameOf } from '../dead-letters/letter.ts';
import { readLetters } from '../dead-letters/read-letters.ts';
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

/** Partition of the log that a record comes from which no stage wrote. */
const NOWHERE = -1;

/** What a generation's stages refused and nobody has put back. */
export type Refusals = {
  /** By stages after the merger. */
  readonly later: readonly LaterRejection[];
  /** By the merger, put back or not: offsets in the log, by partition. */
  readonly atMerger: ReadonlyMap<number, ReadonlySet<number>>;
  /** Number of letters that were put back. */
  readonly retried: number;
};

/** Dead letters of a generation. The merger's own are counted by itself. */
export async function readRefusals(
  { reader }: KafkaAccess,
  generation: number,
  partitions: readonly number[],
): Promise<Refusals> {
  return refusalsOf((await readLetters(reader, partitions)).letters, generation);
}

/** What a generation's letters say of its refusals. */
export function refusalsOf(letters: readonly DeadLetter[], generation: number): Refusals {
  const all = letters.filter((one) => one.generation === generation);
  const atMerger = Map.groupBy(
    all.filter(({ stage }) => stage === 'identity-merger'),
    ({ partition }) => partition,
  );
  const later = all.filter(({ stage, retried }) => stage !== 'identity-merger' && retried === undefined);
  return {
    later: later.map(({ topic, kind, origin, partition, key }) => ({
      topic,
      kind: kind || 'event',
      originPartition: topicNameOf(origin.topic) === 'events.collected' ? origin.partition : NOWHERE,
      originOffset: origin.offset,
      partition,
      key: key.toString('hex'),
    })),
    atMerger: new Map(
      [...atMerger].map(([partition, own]) => [partition, new Set(own.map(({ offset }) => offset))]),
    ),
    retried: all.filter(({ retried }) => retried !== undefined).length,
  };
}

/** Folds a compacted topic: the last record of each key before the given ends. */
export async function foldTopic(
  { reader, topicOf }: KafkaAccess,
  name: TopicName,
  generation: number,
  ends: ReadonlyMap<number, bigint>,
  rejections: readonly LaterRejection[],
): Promise<FoldedPartition[]> {
  const topic = await topicOf(name, generation);
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
