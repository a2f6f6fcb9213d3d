import type { Origin } from '#lib/streams/processor.ts';
import { TOPIC_NAMES, type TopicName } from '#schemas/topics.ts';

/** Code of the record in events.rejected that says a dead letter was put back. */
export const RETRIED = 'retried';

/** A record that a stage could not use, as far as a list shows it. */
export type DeadLetter = {
  /** Place of the letter in events.rejected, as `partition:offset`. */
  readonly id: string;
  /** Receive time of the record. Epoch ms UTC. */
  readonly receivedAtMs: number;
  readonly stage: string;
  readonly generation: number;
  readonly code: string;
  readonly message: string;
  /** Where the stage read it: topic as in Kafka, partition and offset. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly kind: string;
  readonly key: Buffer;
  /** Bytes of the record's value that the letter holds. */
  readonly size: number;
  /** Record of the log it comes from. */
  readonly origin: Origin;
  /** First letter of the record, where this one is of a record that was put back. */
  readonly retryOf: string | undefined;
  /** Where it was put back, as `topic-partition@offset`, and when; undefined while it was not. */
  readonly retried: { readonly as: string; readonly atMs: number } | undefined;
};

/** What a tracking plan refused: the collector's letters are of no record in any topic, and of no generation. */
export function isOfCollector({ topic }: Pick<DeadLetter, 'topic'>): boolean {
  return topic === '';
}

/**
 * What makes two letters one: the loader may write a letter again after a crash, and a record that was put back is
 * told by the place it was refused at.
 */
export function refusalOf(
  letter: Pick<DeadLetter, 'id' | 'generation' | 'stage' | 'topic' | 'partition' | 'offset'>,
): string {
  const { id, generation, stage, topic, partition, offset } = letter;
  if (isOfCollector(letter)) return id;
  return `${generation} ${stage} ${topic}-${partition}@${offset}`;
}

/** `topic-partition@offset` */
export function placeText({ topic, partition, offset }: Origin | DeadLetter): string {
  if (topic === '') return '-';
  return `${topic}-${partition}@${offset}`;
}

/** Name of a topic in the catalogue, without the suffix of its generation; undefined where it is none of ours. */
export function topicNameOf(topic: string): TopicName | undefined {
  return TOPIC_NAMES.find(
    (name) => topic === name || (/^\.[gr]\d+$/.test(topic.slice(name.length)) && topic.startsWith(name)),
  );
}
