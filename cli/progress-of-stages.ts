import type { Admin } from 'kafkajs';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { decodeMetadata } from '#lib/streams/commit-metadata.ts';
import { type TopicName, topicInKafka } from '#schemas/topics.ts';
import { groupOf, STAGE_INPUTS, type StageInput } from './stage-inputs.ts';

/** How far a stage has come in one partition of one of its inputs. */
export type PartitionProgress = StageInput & {
  readonly partition: number;
  /** Next offset the stage reads. */
  readonly committed: bigint;
  /** Offset after the last record readers may see. */
  readonly end: bigint;
  /** Records not read yet; transaction markers count where more than one fetch is missing. */
  readonly lag: number;
  /** Receive time of the first record not read yet, epoch ms; undefined where there is none. */
  readonly oldestMs: number | undefined;
  readonly counts: Readonly<Record<string, number>>;
};

export type Commit = {
  readonly offset: bigint;
  readonly counts: Readonly<Record<string, number>>;
  /** Largest receive time before the offset. Epoch ms UTC. */
  readonly streamTimeMs: number;
};

/** Committed offsets and counters of a stage's input, by partition; offset -1 = nothing committed yet. */
export async function commitsOf(
  admin: Admin,
  input: StageInput,
  generation: number,
): Promise<Map<number, Commit>> {
  const [answer] = await admin.fetchOffsets({
    groupId: groupOf(input.service, generation),
    topics: [topicInKafka(input.topic, generation)],
  });
  return new Map(
    answer?.partitions.map(({ partition, offset, metadata }) => {
      const { counts, streamTime } = decodeMetadata(metadata);
      return [partition, { offset: BigInt(offset), counts, streamTimeMs: streamTime }];
    }),
  );
}

/** Progress of every stage in every partition; topics that do not exist yet are left out. */
export async function progressOfStages(
  admin: Admin,
  reader: PartitionReader,
  generation: number,
): Promise<PartitionProgress[]> {
  const existing = new Set(await admin.listTopics());
  const inputs = STAGE_INPUTS.filter(({ topic }) => existing.has(topicInKafka(topic, generation)));
  const progress = await Promise.all(
    inputs.map(async (input) => {
      const commits = [...(await commitsOf(admin, input, generation))];
      return Promise.all(
        commits.map(async ([partition, { offset, counts }]) => {
          const { start, end } = await reader.bounds(topicInKafka(input.topic, generation), partition);
          // Offsets are bigint, which Math.max does not take.
          const expired = offset < start;
          const committed = expired ? start : offset;
          const unread = await unreadOf(reader, input.topic, generation, partition, committed, end);
          return { ...input, partition, committed, end, counts, ...unread };
        }),
      );
    }),
  );
  return progress.flat().sort((left, right) => left.partition - right.partition);
}

/**
 * Offsets alone do not tell the lag of a transactional topic: markers take offsets too. One fetch tells
 * whether any record is left, and how old it is.
 */
export async function unreadOf(
  reader: PartitionReader,
  topic: TopicName,
  generation: number,
  partition: number,
  committed: bigint,
  end: bigint,
): Promise<{ lag: number; oldestMs: number | undefined }> {
  const unread = reader.read({
    topic: topicInKafka(topic, generation),
    partition,
    from: committed,
    to: end,
  });
  for await (const { messages, next } of unread) {
    const [first] = messages;
    if (first !== undefined) {
      return { lag: messages.length + Math.max(0, Number(end - next)), oldestMs: Number(first.timestamp) };
    }
  }
  return { lag: 0, oldestMs: undefined };
}
