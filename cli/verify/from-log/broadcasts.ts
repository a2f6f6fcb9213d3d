import { type StageTopic, topicInKafka } from '#schemas/topics.ts';
import type { KafkaAccess } from '../../kafka-access.ts';
import type { FoldOptions } from './partition-fold.ts';

const TOPICS: readonly StageTopic[] = ['identity.blocks'];

/** The records that every task of a stage reads whole. */
export async function readBroadcasts(
  { reader }: KafkaAccess,
  generation: number,
): Promise<FoldOptions['broadcasts']> {
  const broadcasts = new Map<StageTopic, { key: Buffer; value: Buffer | null; timestampMs: number }[]>();
  for (const name of TOPICS) {
    const records: { key: Buffer; value: Buffer | null; timestampMs: number }[] = [];
    const topic = topicInKafka(name, generation);
    for (const partition of await reader.partitions(topic)) {
      const { start, end } = await reader.bounds(topic, partition);
      for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
        for (const { key, value, timestamp } of messages)
          records.push({ key: key ?? Buffer.alloc(0), value, timestampMs: Number(timestamp) });
      }
    }
    broadcasts.set(name, records);
  }
  return broadcasts;
}
