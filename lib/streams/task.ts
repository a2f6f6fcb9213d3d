import type { Kafka, KafkaMessage, Producer, RecordMetadata } from 'kafkajs';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { transactionalProducer } from '#lib/kafka/transactional-producer.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { DecodeCode } from '#schemas/framing.ts';
import { TOPICS, topicInKafka } from '#schemas/topics.ts';
import { type CommitMetadata, encodeMetadata } from './commit-metadata.ts';
import { foldChunk, type ReadRecord } from './fold-chunk.ts';
import type { Offload, OpenOffload } from './offload.ts';
import { readOrigin } from './origin.ts';
import type { Processor } from './processor.ts';
import { requestsOf } from './produce-requests.ts';
import { committedPosition, type Restored, restoreState } from './restore-task.ts';
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
  /** Where a part of the state lies outside of memory; undefined = all of it is in memory. */
  readonly offload?: { readonly store: Offload<State>; readonly clusterId: string } | undefined;
};

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
  readonly #offload: OpenOffload<State> | undefined;
  /** Where each restored topic ends, as far as this task and its predecessors wrote it. */
  readonly #ends: Record<string, bigint>;
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
    start: Restored<State> & { metadata: CommitMetadata; position: bigint },
  ) {
    this.#context = context;
    this.#partition = partition;
    this.#producer = producer;
    this.#state = start.state;
    this.#offload = start.offload;
    this.#ends = { ...start.ends };
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
    const producer = transactionalProducer(context.kafka, `${context.groupId}.${context.topic}-${partition}`);
    try {
      await producer.connect();
      // The first transaction initialises the producer id: this is the fence.
      const fence = await producer.transaction();
      await fence.abort();
      await heartbeat();
      const { position, metadata } = await committedPosition(context, partition);
      const restored = await restoreState(context, partition, { position, metadata }, heartbeat);
      return new Task(context, partition, producer, { ...restored, metadata, position });
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Processes consecutive records in one transaction and moves on to `next`. Answers the codes of the dead letters
   * it wrote. After a throw the task is dead. `heartbeat` is called where it takes long.
   */
  async process(
    messages: readonly KafkaMessage[],
    next: bigint,
    heartbeat: () => Promise<void> = async () => {},
  ): Promise<readonly DecodeCode[]> {
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
    const metadata = {
      ...this.#withMarkers(folded.metadata, Number(next - this.position) - messages.length),
      ...(processor.facts === undefined ? {} : { facts: processor.facts(this.#state) }),
    };
    const transaction = await this.#producer.transaction();
    // Outputs before offsets: adding partitions is what waits for the previous transaction's markers.
    for (const topicMessages of requestsOf(outputs, partition, generation)) {
      noteEnds(this.#ends, topicMessages, await transaction.sendBatch({ topicMessages }));
    }
    const committed = { partition, offset: String(next), metadata: encodeMetadata(metadata) };
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions: [committed] }] });
    await transaction.commit();
    this.#metadata = metadata;
    this.position = next;
    this.#isCommitted = true;
    await this.#settle(heartbeat);
    if (Date.now() - this.#snapshotAtMs >= SNAPSHOT_EVERY_MS) await this.snapshot();
    return rejected;
  }

  /** Copies the state, if it is that of the committed offset, so that the next opening is quick. */
  async snapshot(): Promise<void> {
    if (!this.#isCommitted || this.position === this.#snapshotPosition) return;
    const at = { position: this.position, ends: this.#ends, offloaded: this.#offload?.end };
    await saveSnapshot(this.#context, this.#partition, at, this.#state);
    this.#snapshotAtMs = Date.now();
    this.#snapshotPosition = this.position;
  }

  async #settle(heartbeat: () => Promise<void>): Promise<void> {
    const { offload, generation } = this.#context;
    const end = offload && this.#ends[topicInKafka(offload.store.topic, generation)];
    if (end === undefined) return;
    const at = { end, position: this.position, throughMs: this.#metadata.streamTime };
    await this.#offload?.settle(this.#state, at, heartbeat);
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
    this.#offload?.close();
    await this.#producer.disconnect();
  }
}

/**
 * Notes where topics end after a request. A broker that does not say, since it had the request before, leaves the end
 * where it was: what lies behind it is folded once more, which changes nothing.
 */
function noteEnds(
  ends: Record<string, bigint>,
  sent: readonly { topic: string; messages: readonly unknown[] }[],
  answers: readonly RecordMetadata[],
): void {
  for (const { topicName, baseOffset = '-1' } of answers) {
    const count = sent.find(({ topic }) => topic === topicName)?.messages.length ?? 0;
    if (ends[topicName] !== undefined && baseOffset !== '-1')
      ends[topicName] = BigInt(baseOffset) + BigInt(count);
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
