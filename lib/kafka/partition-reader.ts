import { setTimeout as pause } from 'node:timers/promises';
import { type KafkaMessage, logLevel } from 'kafkajs';
import Cluster from 'kafkajs/src/cluster/index.js';
import Batch from 'kafkajs/src/consumer/batch.js';
import loggers from 'kafkajs/src/loggers/index.js';
import createSocketFactory from 'kafkajs/src/network/socketFactory.js';
import type { Logger } from '#lib/service/logger.ts';
import { forwardKafkaLog } from './client.ts';

const READ_COMMITTED = 1;
const READ_UNCOMMITTED = 0;
const EARLIEST = -2;
const LATEST = -1;
const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_WAIT_MS = 500;

const LEADER_PATIENCE_MS = 10_000;
const LEADER_PAUSE_MS = 100;
const LEADER_MOVED = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
]);

type Broker = Awaited<ReturnType<Cluster['findBroker']>>;

export type Chunk = {
  /** Committed data records, in offset order; may be empty where only markers were read. */
  readonly messages: readonly KafkaMessage[];
  /** Offset after everything that was read, markers and aborted records included. */
  readonly next: bigint;
};

/**
 * Reads one partition between two offsets, committed records only, without a consumer group.
 *
 * kafkajs offers reading through a group alone; restoring a task, verifying and following a topic want a
 * plain read, so this uses its connection layer (and its aborted-record filter) directly.
 */
export class PartitionReader {
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  static async open(options: {
    brokers: readonly string[];
    clientId: string;
    log: Logger;
  }): Promise<PartitionReader> {
    const logCreator = () => forwardKafkaLog(options.log);
    const cluster = new Cluster({
      logger: loggers.createLogger({ level: logLevel.WARN, logCreator }),
      socketFactory: createSocketFactory(),
      brokers: [...options.brokers],
      clientId: options.clientId,
      connectionTimeout: 3000,
      requestTimeout: 30_000,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 2000, retries: 30 },
      offsets: new Map(),
    });
    await cluster.connect();
    return new PartitionReader(cluster);
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect();
  }

  /** Partitions of a topic. */
  async partitions(topic: string): Promise<readonly number[]> {
    await this.#cluster.addTargetTopic(topic);
    const partitions = this.#cluster.findTopicPartitionMetadata(topic);
    return partitions.map(({ partitionId }) => partitionId).sort((left, right) => left - right);
  }

  /** First offset still in the log, and the offset after the last one that readers may see. */
  async bounds(topic: string, partition: number): Promise<{ start: bigint; end: bigint }> {
    const [start, end] = await Promise.all([
      this.#listOffset(topic, partition, EARLIEST),
      this.#listOffset(topic, partition, LATEST),
    ]);
    return { start, end };
  }

  /** First offset whose record is not older than a time; undefined where there is none. */
  async offsetAtTime(topic: string, partition: number, timeMs: number): Promise<bigint | undefined> {
    const offset = await this.#listOffset(topic, partition, Math.max(0, timeMs));
    return offset < 0n ? undefined : offset;
  }

  /** Records from `from` up to and without `to`; without `to` it follows the log until the caller stops. */
  async *read(options: {
    topic: string;
    partition: number;
    from: bigint;
    to?: bigint;
  }): AsyncGenerator<Chunk> {
    const { topic, partition, to } = options;
    let next = options.from;
    while (to === undefined || next < to) {
      const batch = await this.#fetch(topic, partition, next);
      if (batch.isEmptyIncludingFiltered()) {
        // Below `to` nothing is left: compaction has taken the end of the log.
        if (to !== undefined) return;
        yield { messages: [], next };
        continue;
      }
      next = BigInt(batch.lastOffset()) + 1n;
      const messages =
        to === undefined ? batch.messages : batch.messages.filter(({ offset }) => BigInt(offset) < to);
      yield { messages, next };
    }
  }

  async #fetch(topic: string, partition: number, from: bigint): Promise<Batch> {
    const fetchOffset = String(from);
    const { responses } = await this.#askLeader(topic, partition, (broker) =>
      broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime: FETCH_WAIT_MS,
        maxBytes: FETCH_BYTES,
        topics: [{ topic, partitions: [{ partition, fetchOffset, maxBytes: FETCH_BYTES }] }],
      }),
    );
    const data = responses[0]?.partitions[0];
    if (data === undefined)
      throw new Error(`Cannot read ${topic}-${partition}: the broker's answer is empty`);
    return new Batch(topic, fetchOffset, data);
  }

  /** Offset after the last record that all replicas in sync have, records of open transactions included. */
  async highWatermark(topic: string, partition: number): Promise<bigint> {
    return this.#listOffset(topic, partition, LATEST, READ_UNCOMMITTED);
  }

  async #listOffset(
    topic: string,
    partition: number,
    timestamp: number,
    isolationLevel = READ_COMMITTED,
  ): Promise<bigint> {
    const { responses } = await this.#askLeader(topic, partition, (broker) =>
      broker.listOffsets({
        replicaId: -1,
        isolationLevel,
        topics: [{ topic, partitions: [{ partition, timestamp }] }],
      }),
    );
    return BigInt(responses[0]?.partitions[0]?.offset ?? -1);
  }

  /** Asks a partition's leader, and again where it has just moved or the topic has just been made. */
  async #askLeader<T>(topic: string, partition: number, ask: (broker: Broker) => Promise<T>): Promise<T> {
    const giveUpAtMs = performance.now() + LEADER_PATIENCE_MS;
    for (;;) {
      try {
        return await ask(await this.#leader(topic, partition));
      } catch (error) {
        if (!LEADER_MOVED.has((error as { type?: string }).type ?? '') || performance.now() > giveUpAtMs)
          throw error;
        await pause(LEADER_PAUSE_MS);
        await this.#cluster.refreshMetadata();
      }
    }
  }

  async #leader(topic: string, partition: number) {
    await this.#cluster.addTargetTopic(topic);
    const nodeId = Object.keys(this.#cluster.findLeaderForPartitions(topic, [partition]))[0];
    if (nodeId === undefined) {
      await this.#cluster.refreshMetadata();
      throw new Error(`Cannot read ${topic}-${partition}: it has no leader`);
    }
    return this.#cluster.findBroker({ nodeId });
  }
}
