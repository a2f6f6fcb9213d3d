import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { ConfigError, InvariantError } from '#lib/errors.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { type RunningConsumer, runConsumer } from '#lib/kafka/run-consumer.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { DecodeCode } from '#schemas/framing.ts';
import { topicInKafka } from '#schemas/topics.ts';
import type { Processor } from './processor.ts';
import type { StageMetrics } from './stage-metrics.ts';
import { Task, type TaskContext } from './task.ts';
import type { Snapshots } from './task-snapshot.ts';

const SESSION_TIMEOUT_MS = 6000;
const HEARTBEAT_INTERVAL_MS = 1000;
const FETCH_WAIT_MS = 250;
const FETCH_BYTES_PER_PARTITION = 2 * 1024 * 1024;
/** Records of one transaction: bounds what is done twice after a failure, and how long no heartbeat is sent. */
const RECORDS_PER_TRANSACTION = 5000;
const BYTES_PER_TRANSACTION = 4 * 1024 * 1024;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 2000;

export type StageOptions<State> = {
  readonly processor: Processor<State>;
  readonly kafka: Kafka;
  readonly reader: PartitionReader;
  readonly generation: number;
  /** Revision of the log that the generation reads. */
  readonly logRevision: number;
  readonly log: Logger;
  readonly metrics: StageMetrics;
  readonly snapshots?: Snapshots | undefined;
  readonly offload?: TaskContext<State>['offload'];
};

/**
 * Runs a processor over the partitions that the consumer group gives to this process: a task each. Safety
 * rests on the tasks alone; the group only spreads the work.
 */
export class StageRunner<State> {
  readonly #context: TaskContext<State>;
  readonly #metrics: StageMetrics;
  readonly #consumer: Consumer;
  #running: RunningConsumer | undefined;
  readonly #tasks = new Map<number, Task<State>>();
  readonly #recovering = new Set<number>();
  #assigned: ReadonlySet<number> | undefined;
  #fail: (error: unknown) => void = () => undefined;
  /** Rejects when the stage cannot go on. */
  readonly failed: Promise<never>;

  constructor(options: StageOptions<State>) {
    const { processor, kafka, generation, logRevision } = options;
    const groupId = `${processor.stage}.g${generation}`;
    this.#context = { ...options, groupId, topic: topicInKafka(processor.input, generation, logRevision) };
    this.#metrics = options.metrics;
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
      readUncommitted: false,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: FIRST_BACKOFF_MS,
        maxRetryTime: LAST_BACKOFF_MS,
        retries: Number.MAX_SAFE_INTEGER,
      },
    });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  async start(): Promise<void> {
    const { topic } = this.#context;
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, ({ payload }) =>
      this.#assign(payload.memberAssignment[topic] ?? []),
    );
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    this.#running = await runConsumer(
      this.#consumer,
      {
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 64,
        eachBatch: (payload) => this.#processBatch(payload),
      },
      { log: this.#context.log, fail: this.#fail },
    );
  }

  /** Empty when every assigned partition is being processed, else what is not. */
  notReady(): string {
    if (this.#assigned === undefined) return 'has not joined its consumer group';
    if (this.#recovering.size > 0) return `is restoring partitions ${[...this.#recovering].join(', ')}`;
    return '';
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    for (const task of this.#tasks.values()) {
      await task.snapshot();
      await task.close();
    }
  }

  #assign(partitions: readonly number[]): void {
    this.#assigned = new Set(partitions);
    this.#context.log.info({ topic: this.#context.topic, partitions }, 'assigned');
    for (const partition of this.#tasks.keys()) if (!this.#assigned.has(partition)) this.#drop(partition);
    // One that went to another member while it was being restored is that member's to finish.
    for (const partition of this.#recovering)
      if (!this.#assigned.has(partition)) this.#recovering.delete(partition);
  }

  #drop(partition: number): void {
    const task = this.#tasks.get(partition);
    this.#tasks.delete(partition);
    task?.close().catch(() => undefined);
  }

  async #processBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const { partition } = batch;
    const messages = batch.messages as KafkaMessage[];
    const batchEnd = BigInt(batch.lastOffset()) + 1n;
    let backoffMs = FIRST_BACKOFF_MS;
    let at = 0;
    while (at < messages.length && isRunning() && !isStale()) {
      try {
        const task = await this.#task(partition, heartbeat);
        at = messages.findIndex(({ offset }) => BigInt(offset) >= task.position);
        if (at < 0) break;
        const chunk = takeChunk(messages, at);
        at += chunk.length;
        const last = chunk.at(-1) as KafkaMessage;
        const rejected = await task.process(
          chunk,
          at === messages.length ? batchEnd : BigInt(last.offset) + 1n,
          heartbeat,
        );
        this.#count(partition, task, chunk.length, rejected);
        resolveOffset(last.offset);
        backoffMs = FIRST_BACKOFF_MS;
        await heartbeat();
      } catch (error) {
        if (isFatal(error)) {
          this.#fail(error);
          throw error;
        }
        this.#drop(partition);
        if (isMembership(error)) throw error;
        this.#metrics.failures.inc();
        this.#recovering.add(partition);
        this.#context.log.warn(
          { partition, reason: (error as Error).message },
          'transaction did not commit, trying again',
        );
        await pause(backoffMs);
        backoffMs = Math.min(2 * backoffMs, LAST_BACKOFF_MS);
        at = 0;
        await heartbeat();
      }
    }
    if (at < 0) resolveOffset((messages.at(-1) as KafkaMessage).offset);
  }

  async #task(partition: number, heartbeat: () => Promise<void>): Promise<Task<State>> {
    const open = this.#tasks.get(partition);
    if (open !== undefined) return open;
    this.#recovering.add(partition);
    const task = await Task.open(this.#context, partition, heartbeat);
    this.#tasks.set(partition, task);
    this.#recovering.delete(partition);
    this.#metrics.restores.inc();
    return task;
  }

  #count(partition: number, task: Task<State>, records: number, rejected: readonly DecodeCode[]): void {
    for (const code of rejected) this.#metrics.rejected.inc({ code });
    this.#metrics.records.inc(records);
    this.#metrics.transactions.inc();
    this.#metrics.streamTimeSeconds.set({ partition }, task.metadata.streamTime / 1000);
    for (const [fact, value] of Object.entries(task.metadata.facts ?? {}))
      this.#metrics.facts.set({ partition, fact }, value);
  }
}

/** Records of the next transaction, from `at` on: at least one. */
function takeChunk(messages: readonly KafkaMessage[], at: number): readonly KafkaMessage[] {
  let end = at;
  let bytes = 0;
  do {
    bytes += messages[end]?.value?.length ?? 0;
    end += 1;
  } while (end < messages.length && end - at < RECORDS_PER_TRANSACTION && bytes < BYTES_PER_TRANSACTION);
  return messages.slice(at, end);
}

/** A bug of ours or a wrong installation: going on would corrupt state. */
function isFatal(error: unknown): boolean {
  return (
    error instanceof ConfigError ||
    error instanceof InvariantError ||
    error instanceof TypeError ||
    error instanceof RangeError
  );
}

/** Errors by which kafkajs learns that it has to join its group again. */
function isMembership(error: unknown): boolean {
  const type = (error as { type?: string }).type;
  return (
    type === 'REBALANCE_IN_PROGRESS' ||
    type === 'ILLEGAL_GENERATION' ||
    type === 'UNKNOWN_MEMBER_ID' ||
    type === 'NOT_COORDINATOR_FOR_GROUP'
  );
}
