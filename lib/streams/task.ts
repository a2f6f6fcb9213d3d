import { type Kafka, type KafkaMessage, Partitioners, type Producer } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { Logger } from '#lib/service/logger.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { type CommitMetadata, decodeMetadata, encodeMetadata } from './commit-metadata.ts';
import { foldChunk, type PlacedOutput, type ReadRecord } from './fold-chunk.ts';
import { originHeaders, readOrigin } from './origin.ts';
import type { Processor } from './processor.ts';

export type TaskContext<State> = {
  readonly processor: Processor<State>;
  readonly kafka: Kafka;
  readonly reader: PartitionReader;
  readonly groupId: string;
  readonly generation: number;
  readonly topic: string;
  readonly log: Logger;
};

const TRANSACTION_TIMEOUT_MS = 60_000;
const RESTORE_LOG_EVERY_MS = 5000;

/**
 * One input partition of a stage: its state and its transactional producer.
 *
 * Exactly once without KIP-447, which kafkajs cannot speak: the transactional id belongs to the input
 * partition, and opening a task initialises it first. That fences whoever held it and ends their open
 * transaction; only then is the committed offset read and the state folded. From there on nobody else can
 * commit for this partition without fencing this task, whatever the consumer group thinks. So outputs,
 * offset and state always belong together, and a task that fails in any way is thrown away and opened again.
 */
export class Task<State> {
  readonly #context: TaskContext<State>;
  readonly #partition: number;
  readonly #producer: Producer;
  readonly #state: State;
  #metadata: CommitMetadata;
  /** Offset of the next record to process. */
  position: bigint;

  private constructor(
    context: TaskContext<State>,
    partition: number,
    producer: Producer,
    start: { state: State; metadata: CommitMetadata; position: bigint },
  ) {
    this.#context = context;
    this.#partition = partition;
    this.#producer = producer;
    this.#state = start.state;
    this.#metadata = start.metadata;
    this.position = start.position;
  }

  /** Fences earlier owners of the partition and restores its state. `heartbeat` is called all the while. */
  static async open<State>(
    context: TaskContext<State>,
    partition: number,
    heartbeat: () => Promise<void>,
  ): Promise<Task<State>> {
    const producer = context.kafka.producer({
      transactionalId: `${context.groupId}.${context.topic}-${partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 20, maxRetryTime: 1000, retries: 10 },
    });
    try {
      await producer.connect();
      // The first transaction initialises the producer id: this is the fence.
      const fence = await producer.transaction();
      await fence.abort();
      await heartbeat();
      const { position, metadata } = await committedPosition(context, partition);
      const state = await restoreState(context, partition, metadata, heartbeat);
      return new Task(context, partition, producer, { state, metadata, position });
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /** Processes consecutive records in one transaction and moves on to `next`. After a throw the task is dead. */
  async process(messages: readonly KafkaMessage[], next: bigint): Promise<void> {
    const { processor, groupId, topic, generation } = this.#context;
    const partition = this.#partition;
    const records = messages.map((message) => readRecord(message, topic, partition));
    const { outputs, metadata } = foldChunk(processor, this.#state, this.#metadata, records, {
      topic,
      partition,
      generation,
    });

    const transaction = await this.#producer.transaction();
    // Outputs before offsets: adding partitions is what waits for the previous transaction's markers.
    const topicMessages = messagesByTopic(outputs, partition, generation);
    if (topicMessages.length > 0) await transaction.sendBatch({ topicMessages });
    const committed = { partition, offset: String(next), metadata: encodeMetadata(metadata) };
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions: [committed] }] });
    await transaction.commit();
    this.#metadata = metadata;
    this.position = next;
  }

  get metadata(): CommitMetadata {
    return this.#metadata;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

function readRecord(message: KafkaMessage, topic: string, partition: number): ReadRecord {
  const offset = BigInt(message.offset);
  return {
    key: message.key ?? Buffer.alloc(0),
    value: message.value,
    timestampMs: Number(message.timestamp),
    offset,
    origin: readOrigin(message.headers) ?? { topic, partition, offset },
  };
}

function messagesByTopic(outputs: readonly PlacedOutput[], partition: number, generation: number) {
  const byTopic = new Map<string, { topic: string; messages: ReturnType<typeof toMessage>[] }>();
  for (const output of outputs) {
    const topic = topicInKafka(output.topic, generation);
    const batch = byTopic.get(topic) ?? { topic, messages: [] };
    batch.messages.push(toMessage(output, partition));
    byTopic.set(topic, batch);
  }
  return [...byTopic.values()];
}

function toMessage(output: PlacedOutput, partition: number) {
  return {
    key: output.key,
    value: output.value,
    partition,
    timestamp: String(output.timestampMs),
    ...(output.origin === undefined ? {} : { headers: originHeaders(output.origin) }),
  };
}

async function committedPosition<State>(context: TaskContext<State>, partition: number) {
  const { topic, groupId } = context;
  const admin = context.kafka.admin();
  await admin.connect();
  try {
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = offsets?.partitions.find((entry) => entry.partition === partition);
    const { start } = await context.reader.bounds(topic, partition);
    if (committed === undefined || committed.offset === '-1')
      return { position: start, metadata: decodeMetadata(null) };
    const position = BigInt(committed.offset);
    if (position < start) {
      throw new ConfigError([
        `Cannot go on with ${topic}-${partition} at offset ${position}: the topic starts at ${start}, so records were ` +
          'deleted before they were processed. They are still in events.collected: build a new generation by replay',
      ]);
    }
    return { position, metadata: decodeMetadata(committed.metadata) };
  } finally {
    await admin.disconnect();
  }
}

async function restoreState<State>(
  context: TaskContext<State>,
  partition: number,
  metadata: CommitMetadata,
  heartbeat: () => Promise<void>,
): Promise<State> {
  const { processor, reader, generation, log } = context;
  const state = processor.createState();
  for (const { topic: name, windowMs, fold } of processor.restores) {
    const topic = topicInKafka(name, generation);
    const { start, end } = await reader.bounds(topic, partition);
    const from =
      windowMs === undefined
        ? start
        : await reader.offsetAtTime(topic, partition, metadata.streamTime - windowMs);
    if (from === undefined || from >= end) continue;
    let saidAtMs = Date.now();
    for await (const { messages, next } of reader.read({ topic, partition, from, to: end })) {
      for (const { key, value, timestamp } of messages) {
        fold(state, { key: key ?? Buffer.alloc(0), value, timestampMs: Number(timestamp) });
      }
      await heartbeat();
      if (Date.now() - saidAtMs >= RESTORE_LOG_EVERY_MS) {
        log.info({ topic, partition, at: Number(next), of: Number(end) }, 'restoring');
        saidAtMs = Date.now();
      }
    }
  }
  return state;
}
