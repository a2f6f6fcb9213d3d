import { setTimeout as pause } from 'node:timers/promises';
import type { Kafka, Producer } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { isPassing } from '#lib/kafka/passing-error.ts';
import { transactionalProducer } from '#lib/kafka/transactional-producer.ts';
import { createLogger } from '#lib/service/logger.ts';
import { logInKafka } from '#schemas/topics.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { CommandError } from '../usage-error.ts';
import { copyRequests } from './copy-requests.ts';
import { LogMerge, type TargetRecord } from './log-merge.ts';

const LIMITS = { records: 10_000, bytes: 4 * 1024 * 1024 };
const LOOK_EVERY_MS = 20;
const FOLLOW_EVERY_MS = 200;
const RETRY_AFTER_MS = 500;
/** A partition that holds the copy up for so long is given a tick: no collector seems to write any. */
const STARVED_AFTER_MS = 3000;

export type LogCopyOptions = {
  readonly access: KafkaAccess;
  readonly brokers: readonly string[];
  /** Revisions of the log. */
  readonly from: number;
  readonly to: number;
  /** Partitions of the new revision. */
  readonly partitions: number;
  /** Has partitions of the old log get a record soon. */
  readonly writeTicks: (partitions: readonly number[]) => Promise<void>;
};

export type CopyProgress = {
  /** Records of the old log that are copied, and how many it holds, markers included. */
  readonly read: number;
  readonly of: number;
};

/** Consumer group whose commits say how far a revision of the log is copied; it has no members. */
export function copyGroup(revision: number): string {
  return `log.r${revision}`;
}

/**
 * Copies a revision of the log to the next one, with another number of partitions, and follows it until it is sealed.
 *
 * Exactly once: what is copied and the positions of all old partitions are one transaction, and the transactional id is
 * initialised before positions are read, which ends whatever an earlier copier had begun.
 */
export class LogCopy {
  readonly #options: LogCopyOptions;
  readonly #kafka: Kafka;
  readonly #source: string;
  readonly #target: string;
  readonly #stopped = new AbortController();
  #positions: readonly bigint[] = [];
  #ends: bigint[] = [];
  #sealedEnds: readonly bigint[] | undefined;
  #running: Promise<void> | undefined;
  readonly #failure = Promise.withResolvers<never>();
  /** Rejects when the copy cannot go on. */
  readonly failed: Promise<never> = this.#failure.promise;

  constructor(options: LogCopyOptions) {
    this.#options = options;
    this.#source = logInKafka(options.from);
    this.#target = logInKafka(options.to);
    const log = createLogger('cli', 'silent');
    this.#kafka = createKafka({ clientId: 'cairn-cli', brokers: options.brokers, log });
    this.failed.catch(() => {});
  }

  start(): void {
    this.#running = this.#run().catch((error) => this.#failure.reject(error));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  get progress(): CopyProgress {
    return { read: sum(this.#positions), of: Math.max(sum(this.#positions), sum(this.#ends)) };
  }

  /** Resolves when everything before the given offsets is copied. */
  async reach(ends: readonly bigint[]): Promise<void> {
    const isBehind = () =>
      this.#positions.length === 0 || ends.some((end, at) => (this.#positions[at] ?? 0n) < end);
    while (isBehind()) await Promise.race([pause(LOOK_EVERY_MS), this.failed]);
  }

  /** The old log is sealed and ends there: copies all of it. */
  async finish(ends: readonly bigint[]): Promise<void> {
    this.#sealedEnds = ends;
    await this.reach(ends);
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#copy();
      } catch (error) {
        if (isFenced(error as Error))
          throw new CommandError(`Another replay copies the log to ${this.#target}: let one of the two end`);
        if (!isPassing(error as Error)) throw error;
        await pause(RETRY_AFTER_MS);
      }
    }
  }

  async #copy(): Promise<void> {
    const { reader } = this.#options.access;
    const producer = transactionalProducer(this.#kafka, copyGroup(this.#options.to));
    try {
      await producer.connect();
      await (await producer.transaction()).abort();
      const sources = await reader.partitions(this.#source);
      this.#positions = await this.#committed(sources.length);
      this.#ends = [...this.#positions];
      const merge = new LogMerge(this.#positions, this.#options.partitions);
      let starvedAtMs = performance.now();
      while (!this.#stopped.signal.aborted) {
        await this.#fill(merge);
        const { records, read } = merge.take(LIMITS, (partition) => this.#hasEnded(merge, partition));
        if (read > 0) await this.#write(producer, records, merge.positions);
        // What lies between records, markers, is passed without a commit.
        this.#positions = merge.positions;
        const isBehind = this.#ends.some((end, at) => (merge.positions[at] ?? 0n) < end);
        if (read > 0 || !isBehind) starvedAtMs = performance.now();
        if (read > 0) continue;
        if (this.#sealedEnds === undefined && performance.now() - starvedAtMs > STARVED_AFTER_MS) {
          await this.#options.writeTicks(merge.empty);
          starvedAtMs = performance.now();
        }
        const lookAgainMs = this.#sealedEnds === undefined ? FOLLOW_EVERY_MS : LOOK_EVERY_MS;
        await pause(lookAgainMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      }
    } finally {
      await producer.disconnect().catch(() => undefined);
    }
  }

  async #committed(partitions: number): Promise<readonly bigint[]> {
    const { admin, reader } = this.#options.access;
    const [answer] = await admin.fetchOffsets({
      groupId: copyGroup(this.#options.to),
      topics: [this.#source],
    });
    const isKnown = answer?.partitions.some(({ offset }) => offset !== '-1') ?? false;
    if (!isKnown && (await this.#hasRecords()))
      throw new CommandError(
        `Cannot go on copying the log: ${this.#target} holds records, and how far they reach is not known any more; ` +
          'begin another with --fresh',
      );
    return Promise.all(
      Array.from({ length: partitions }, async (_, partition) => {
        const offset = BigInt(answer?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
        const { start } = await reader.bounds(this.#source, partition);
        if (offset < 0n && start > 0n)
          throw new CommandError(
            `Cannot copy the log: ${this.#source}-${partition} starts at offset ${start}, so its first records are gone`,
          );
        return offset < 0n ? start : offset;
      }),
    );
  }

  /** Whether an earlier copy has left records that readers may see. */
  async #hasRecords(): Promise<boolean> {
    const { reader } = this.#options.access;
    for (const partition of await reader.partitions(this.#target)) {
      const { start: from, end: to } = await reader.bounds(this.#target, partition);
      for await (const { messages } of reader.read({ topic: this.#target, partition, from, to }))
        if (messages.length > 0) return true;
    }
    return false;
  }

  /** Reads the next records of each partition that has none in hand and is not at its end. */
  async #fill(merge: LogMerge): Promise<void> {
    const { reader } = this.#options.access;
    for (const partition of merge.empty) {
      const from = merge.positions[partition] ?? 0n;
      if (from >= (this.#ends[partition] ?? 0n))
        this.#ends[partition] = (await reader.bounds(this.#source, partition)).end;
      const to = this.#ends[partition] ?? 0n;
      if (from >= to) continue;
      const read = await reader.read({ topic: this.#source, partition, from, to }).next();
      // Nothing is left out of a log, so an empty answer is a broker's that is not ready: it is asked again.
      if (read.done) continue;
      const { next } = read.value;
      const records = read.value.messages.map(({ offset, key, value, timestamp, headers }) => ({
        offset: BigInt(offset),
        key,
        value,
        timestampMs: Number(timestamp),
        headers,
      }));
      // What was read beyond the end that was asked for is not among the records.
      merge.add(partition, records, next < to ? next : to, Date.now());
    }
  }

  /** True where nothing more comes of a partition: the old log is sealed. */
  #hasEnded(merge: LogMerge, partition: number): boolean {
    const end = this.#sealedEnds?.[partition];
    return end !== undefined && (merge.positions[partition] ?? 0n) >= end;
  }

  async #write(
    producer: Producer,
    records: readonly TargetRecord[],
    positions: readonly bigint[],
  ): Promise<void> {
    const transaction = await producer.transaction();
    for (const messages of copyRequests(records))
      await transaction.send({ topic: this.#target, acks: -1, messages });
    await transaction.sendOffsets({
      consumerGroupId: copyGroup(this.#options.to),
      topics: [
        {
          topic: this.#source,
          partitions: positions.map((offset, partition) => ({ partition, offset: String(offset) })),
        },
      ],
    });
    await transaction.commit();
  }
}

const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']);

/** Whether another producer of the same transactional id has taken over. */
function isFenced(error: Error): boolean {
  const { type, cause } = error as { type?: string; cause?: unknown };
  if (FENCED.has(type ?? '')) return true;
  return cause instanceof Error && cause !== error && isFenced(cause);
}

const sum = (offsets: readonly bigint[]) => Number(offsets.reduce((total, offset) => total + offset, 0n));
