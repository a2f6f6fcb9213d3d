import { type Kafka, type KafkaMessage, Partitioners, type Producer } from 'kafkajs';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { DecodeCode } from '#schemas/framing.ts';
import { TOPICS } from '#schemas/topics.ts';
import { type CommitMetadata, encodeMetadata } from './commit-metadata.ts';
import { foldChunk, type ReadRecord } from './fold-chunk.ts';
import { readOrigin } from './origin.ts';
import type { Processor } from './processor.ts';
import { requestsOf } from './produce-requests.ts';
import { committedPosition, restoreState } from './restore-task.ts';
import { MARKER_PASSED, readRetry } from './retry.ts';
import { type Snapshots, saveSnapshot } from './task-snapshot.ts';

export type TaskContext<State> = {
  readonly processor: Processor<State>;
  readonly kafka: Kafka;
  readonly reader: PartitionReader;
  readonly groupId: string;
  readonly generation: number;
  readonly topic: string;
  readonly log: Logger;
  /** Where state is copied to now and then; undefined = nowhere. */
  readonly snapshots?: Snapshots | undefined;
};

const TRANSACTION_TIMEOUT_MS = 60_000;
const SNAPSHOT_EVERY_MS = 60_000;

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
  /** False while state may be ahead of what is committed. */
  #isCommitted = true;
  #snapshotAtMs = Date.now();
  #snapshotPosition: bigint;
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
    this.#snapshotPosition = start.position;
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
      const state = await restoreState(context, partition, { position, metadata }, heartbeat);
      return new Task(context, partition, producer, { state, metadata, position });
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Processes consecutive records in one transaction and moves on to `next`. Answers the codes of the dead letters
   * it wrote. After a throw the task is dead.
   */
  async process(messages: readonly KafkaMessage[], next: bigint): Promise<readonly DecodeCode[]> {
    const { processor, groupId, topic, generation } = this.#context;
    const partition = this.#partition;
    this.#isCommitted = false;
    const records = messages.map((message) => readRecord(message, topic, partition));
    const folded = foldChunk(processor, this.#state, this.#metadata, records, {
      topic,
      partition,
      generation,
    });

    const { outputs, rejected } = folded;
    const metadata = this.#withMarkers(folded.metadata, Number(next - this.position) - messages.length);
    const transaction = await this.#producer.transaction();
    // Outputs before offsets: adding partitions is what waits for the previous transaction's markers.
    for (const topicMessages of requestsOf(outputs, partition, generation)) {
      await transaction.sendBatch({ topicMessages });
    }
    const committed = { partition, offset: String(next), metadata: encodeMetadata(metadata) };
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions: [committed] }] });
    await transaction.commit();
    this.#metadata = metadata;
    this.position = next;
    this.#isCommitted = true;
    if (Date.now() - this.#snapshotAtMs >= SNAPSHOT_EVERY_MS) await this.snapshot();
    return rejected;
  }

  /** Copies the state, if it is that of the committed offset, so that the next opening is quick. */
  async snapshot(): Promise<void> {
    if (!this.#isCommitted || this.position === this.#snapshotPosition) return;
    await saveSnapshot(this.#context, this.#partition, this.position, this.#state);
    this.#snapshotAtMs = Date.now();
    this.#snapshotPosition = this.position;
  }

  /** Every offset of the log is accounted for, those without a record too; on derived topics nobody asks. */
  #withMarkers(metadata: CommitMetadata, markers: number): CommitMetadata {
    if (markers <= 0 || TOPICS[this.#context.processor.input].derived) return metadata;
    const passed = (metadata.counts[MARKER_PASSED] ?? 0) + markers;
    return { ...metadata, counts: { ...metadata.counts, [MARKER_PASSED]: passed } };
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
    retry: readRetry(message.headers),
  };
}
