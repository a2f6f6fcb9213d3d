import { decodeMetadata } from '#lib/streams/commit-metadata.ts';
import type { KafkaAccess } from './kafka-access.ts';
import { groupOf, STAGE_INPUTS, type StageInput } from './stage-inputs.ts';

/** How far a stage has come in one partition of one of its inputs. */
export type PartitionProgress = StageInput & {
  /** The topic's name in Kafka. */
  readonly kafkaTopic: string;
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
  /** Figures about the stage's state, where it has any. */
  readonly facts: Readonly<Record<string, number>> | undefined;
};

export type Commit = {
  readonly offset: bigint;
  readonly counts: Readonly<Record<string, number>>;
  /** Largest receive time before the offset. Epoch ms UTC. */
  readonly streamTimeMs: number;
  /** Figures about the stage's state, where it has any. */
  readonly facts: Readonly<Record<string, number>> | undefined;
};

/** Committed offsets and counters of a stage's input, by partition; offset -1 = nothing committed yet. */
export async function commitsOf(
  { admin, topicOf }: Pick<KafkaAccess, 'admin' | 'topicOf'>,
  input: StageInput,
  generation: number,
): Promise<Map<number, Commit>> {
  const [answer] = await admin.fetchOffsets({
    groupId: groupOf(input.service, generation),
    topics: [await topicOf(input.topic, generation)],
  });
  return new Map(
    answer?.partitions.map(({ partition, offset, metadata }) => {
      const { counts, streamTime, facts } = decodeMetadata(metadata);
      return [partition, { offset: BigInt(offset), counts, streamTimeMs: streamTime, facts }];
    }),
  );
}

/** Progress of every stage in every partition; topics that do not exist yet are left out. */
export async function progressOfStages(kafka: KafkaAccess, generation: number): Promise<PartitionProgress[]> {
  const { admin, reader } = kafka;
  const existing = new Set(await admin.listTopics());
  const named = await Promise.all(
    STAGE_INPUTS.map(async (input) => [input, await kafka.topicOf(input.topic, generation)] as const),
  );
  const progress = await Promise.all(
    named.map(async ([input, topic]) => {
      if (!existing.has(topic)) return [];
      const commits = [...(await commitsOf(kafka, input, generation))];
      return Promise.all(
        commits.map(async ([partition, { offset, counts, facts }]) => {
          const { start, end } = await reader.bounds(topic, partition);
          // Offsets are bigint, which Math.max does not take.
          const expired = offset < start;
          const committed = expired ? start : offset;
          const unread = await unreadOf(reader, topic, partition, committed, end);
          return { ...input, kafkaTopic: topic, partition, committed, end, counts, facts, ...unread };
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
  reader: KafkaAccess['reader'],
  topic: string,
  partition: number,
  committed: bigint,
  end: bigint,
): Promise<{ lag: number; oldestMs: number | undefined }> {
  const unread = reader.read({
    topic,
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
