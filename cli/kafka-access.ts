import type { Admin } from 'kafkajs';
import { readGenerations } from '#lib/generations/known-generations.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { createLogger } from '#lib/service/logger.ts';
import { FIRST_REVISION, type TopicName, topicInKafka } from '#schemas/topics.ts';
import { CommandError } from './usage-error.ts';

export type KafkaAccess = {
  readonly admin: Admin;
  readonly reader: PartitionReader;
  /** Name in Kafka of a topic of a generation; the log is the revision that the generation reads. */
  topicOf(name: TopicName, generation: number): Promise<string>;
  close(): Promise<void>;
};

/** Connections of a command to Kafka. Throws CommandError where the brokers do not answer. */
export async function openKafka(brokers: readonly string[]): Promise<KafkaAccess> {
  const log = createLogger('cli', 'silent');
  const kafka = createKafka({ clientId: 'cairn-cli', brokers, log });
  const admin = kafka.admin({ retry: { retries: 3 } });
  try {
    await admin.connect();
    const reader = await PartitionReader.open({ brokers, clientId: 'cairn-cli', log });
    return {
      admin,
      reader,
      topicOf: createTopicNames(admin, reader),
      async close() {
        await reader.close();
        await admin.disconnect();
      },
    };
  } catch (cause) {
    await admin.disconnect();
    throw new CommandError(`Cannot reach Kafka at ${brokers.join(', ')}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function createTopicNames(admin: Admin, reader: PartitionReader): KafkaAccess['topicOf'] {
  const revisions = new Map<number, number>();
  const notes: TopicName = 'generations';
  async function revisionOf(generation: number): Promise<number> {
    const known = revisions.get(generation);
    if (known !== undefined) return known;
    if (!(await admin.listTopics()).includes(notes)) return FIRST_REVISION;
    // What is written down of a generation's log never changes; what is not may be yet.
    for (const one of (await readGenerations(reader)).values())
      revisions.set(one.generation, one.log_revision);
    return revisions.get(generation) ?? FIRST_REVISION;
  }
  return async (name, generation) =>
    topicInKafka(
      name,
      generation,
      name === 'events.collected' ? await revisionOf(generation) : FIRST_REVISION,
    );
}
