import { type Kafka, Partitioners } from 'kafkajs';
import { readGenerations } from '#lib/generations/known-generations.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { createLogger } from '#lib/service/logger.ts';
import { blockCodec, generationCodec } from '#schemas/codec.ts';
import { blockKey, generationKey, partitionOf, recordKey } from '#schemas/ids.ts';
import type { TopicName } from '#schemas/topics.ts';
import type { Block, Generation } from '#schemas/types.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { amendGeneration, requireKept } from './amend-generation.ts';

/** What is written down of generations and of blocked identities, each in a compacted topic. */
export class GenerationLog {
  readonly #kafka: Kafka;
  readonly #access: KafkaAccess;

  constructor(options: { access: KafkaAccess; brokers: readonly string[] }) {
    this.#access = options.access;
    const log = createLogger('cli', 'silent');
    this.#kafka = createKafka({ clientId: 'cairn-cli', brokers: options.brokers, log });
  }

  generations(): Promise<ReadonlyMap<number, Generation>> {
    return readGenerations(this.#access.reader);
  }

  /** Every block that was ever written, as it stands. */
  async blocks(): Promise<readonly Block[]> {
    const { reader } = this.#access;
    const topic: TopicName = 'identity.blocks';
    const blocks = new Map<string, Block>();
    for (const partition of await reader.partitions(topic)) {
      const { start, end } = await reader.bounds(topic, partition);
      for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
        for (const { key, value } of messages) {
          if (value !== null) blocks.set(String(key?.toString('hex')), blockCodec.decode(value));
        }
      }
    }
    return [...blocks.values()];
  }

  /**
   * Writes down what a replay has come to know of its generation, and answers what is written down then. Another replay,
   * or a drop, may have gone on meanwhile, even while this process stood still: what it has written stays. Throws
   * CommandError where the generation was dropped.
   */
  async amend(generation: Generation): Promise<Generation> {
    const written = (await this.generations()).get(generation.generation);
    const amended = amendGeneration(written, generation);
    await this.writeGeneration(amended);
    return amended;
  }

  /** Throws CommandError where a generation that is being built was dropped meanwhile. */
  async requireNotDropped({ generation }: Generation): Promise<void> {
    requireKept((await this.generations()).get(generation), generation);
  }

  async writeGeneration(generation: Generation): Promise<void> {
    const key = generationKey(generation.generation);
    await this.#send('generations', { key, value: generationCodec.encode(generation) }, key);
  }

  async writeBlock(block: Block): Promise<void> {
    const { environment, user_id, from_generation } = block;
    await this.#send(
      'identity.blocks',
      { key: blockKey(environment, user_id, from_generation), value: blockCodec.encode(block) },
      recordKey(environment, user_id),
    );
  }

  /** Writes a record to the partition of a key: these topics keep the partitions they were made with. */
  async #send(topic: TopicName, record: { key: Buffer; value: Buffer }, place: Buffer): Promise<void> {
    const partitions = await this.#access.reader.partitions(topic);
    const message = { ...record, partition: partitionOf(place, partitions.length) };
    const producer = this.#kafka.producer({
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    try {
      await producer.send({ topic, acks: -1, messages: [message] });
    } finally {
      await producer.disconnect();
    }
  }
}

/** Whether a generation honours a block. */
export function isInForce({ from_generation, until_generation }: Block, generation: number): boolean {
  return from_generation <= generation && (until_generation === 0 || generation < until_generation);
}
