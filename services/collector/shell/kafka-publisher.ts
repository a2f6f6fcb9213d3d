import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { UnavailableError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import { type Batch, BatchQueue, type Submission } from './batch-queue.ts';
import type { Publisher } from './publisher.ts';
import type { LogRecord } from './record-encoder.ts';

const WATCH_EVERY_MS = 250;

/** Time a producer has to say goodbye to its brokers when the collector stops. */
const DISCONNECT_MS = 2000;

/** Tries of one send before its producer is given up and replaced: about a minute. */
const SEND_RETRIES = 60;

export type KafkaPublisherOptions = {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  /** Time an idle publisher waits for more records before it sends. */
  readonly lingerMs: number;
  /** Time a submission has until it fails with UnavailableError. */
  readonly ackTimeoutMs: number;
  readonly log: Logger;
  readonly observeSendMs: (ms: number) => void;
};

/**
 * Publishes with an idempotent producer and acks=all, one send at a time: what arrives meanwhile is the next
 * batch. While a send is overdue the log counts as stalled and refuses at once what it has not sent; it takes
 * records again as soon as that send ends.
 */
export class KafkaPublisher implements Publisher {
  readonly #options: KafkaPublisherOptions;
  readonly #queue: BatchQueue;
  /** When a record of a partition was last acknowledged. Epoch ms. */
  readonly lastAckAtMs: number[];
  #producer: Producer | undefined;
  #sending: { batch: Batch; sinceMs: number } | undefined;
  #stalled = false;
  #closing = false;
  #pump: Promise<void> | undefined;
  readonly #watch: NodeJS.Timeout;

  constructor(options: KafkaPublisherOptions) {
    this.#options = options;
    this.#queue = new BatchQueue(options.partitions);
    this.lastAckAtMs = new Array(options.partitions).fill(Date.now());
    this.#watch = setInterval(() => this.#failOverdue(Date.now()), WATCH_EVERY_MS);
  }

  /** Connects the first producer; waits for Kafka without limit. */
  async start(): Promise<void> {
    this.#producer = await this.#connectProducer();
  }

  notReady(): string {
    return this.#closing ? 'stopping' : this.#trouble();
  }

  #trouble(): string {
    if (this.#producer === undefined) return 'not connected to Kafka';
    return this.#stalled ? 'Kafka does not acknowledge' : '';
  }

  publish(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    const trouble = this.#trouble();
    if (trouble !== '') return Promise.reject(unavailable(trouble));
    return new Promise((done, failed) => {
      this.#queue.add({
        records,
        submittedAtMs: Date.now(),
        done,
        failed,
        taken: 0,
        acknowledged: 0,
        settled: false,
      });
      this.#pump ??= this.#run().finally(() => {
        this.#pump = undefined;
      });
    });
  }

  /**
   * Sends what is queued, then lets go of the producer. Where Kafka does not answer it waits no longer than a
   * submission does: all of them have failed by then. The process is expected to end next.
   */
  async stop(): Promise<void> {
    this.#closing = true;
    while (this.#pump !== undefined && this.#trouble() === '') {
      await Promise.race([this.#pump, pause(WATCH_EVERY_MS)]);
    }
    clearInterval(this.#watch);
    await Promise.race([this.#producer?.disconnect(), pause(DISCONNECT_MS)]);
  }

  async #run(): Promise<void> {
    if (this.#options.lingerMs > 0) await pause(this.#options.lingerMs);
    while (!this.#queue.isEmpty) {
      const batch = this.#queue.take();
      if (batch.messages.length === 0) continue;
      const sinceMs = Date.now();
      this.#sending = { batch, sinceMs };
      try {
        await this.#send(batch.messages);
        this.#acknowledge(batch, Date.now());
        this.#options.observeSendMs(Date.now() - sinceMs);
      } catch (error) {
        this.#options.log.warn({ err: error }, 'a send failed; replacing the producer');
        for (const { submission } of batch.parts) fail(submission, unavailable((error as Error).message));
        await this.#replaceProducer();
      } finally {
        this.#sending = undefined;
      }
      if (this.#stalled) {
        this.#stalled = false;
        this.#options.log.info('Kafka acknowledges again');
      }
    }
  }

  async #send(messages: LogRecord[]): Promise<void> {
    await this.#producer!.send({ topic: this.#options.topic, acks: -1, messages });
  }

  #acknowledge(batch: Batch, nowMs: number): void {
    for (const { partition } of batch.messages) this.lastAckAtMs[partition] = nowMs;
    for (const { submission, count } of batch.parts) {
      submission.acknowledged += count;
      if (submission.acknowledged < submission.records.length || submission.settled) continue;
      submission.settled = true;
      submission.done();
    }
  }

  /** Answers what has waited too long; the send itself goes on, and its outcome decides when we resume. */
  #failOverdue(nowMs: number): void {
    const { ackTimeoutMs, log } = this.#options;
    if (this.#sending === undefined) return;
    for (const { submission } of this.#sending.batch.parts) {
      if (nowMs - submission.submittedAtMs > ackTimeoutMs) fail(submission, unavailable(OVERDUE));
    }
    if (nowMs - this.#sending.sinceMs <= ackTimeoutMs) return;
    if (!this.#stalled) log.warn({ ackTimeoutMs }, 'Kafka does not acknowledge; answering 503 until it does');
    this.#stalled = true;
    for (const submission of this.#queue.drain()) fail(submission, unavailable(OVERDUE));
  }

  /**
   * A fatal error leaves kafkajs with sequence numbers the broker refuses: only a new producer id helps. What
   * the old one may have written is answered 503, so a client that sends again is a duplicate by its key.
   */
  async #replaceProducer(): Promise<void> {
    const old = this.#producer;
    this.#producer = undefined;
    await old?.disconnect().catch((error) => this.#options.log.debug({ err: error }, 'old producer is gone'));
    for (;;) {
      try {
        this.#producer = await this.#connectProducer();
        return;
      } catch (error) {
        this.#options.log.warn({ err: error }, 'cannot connect a producer; trying again');
        for (const submission of this.#queue.drain()) fail(submission, unavailable('not connected to Kafka'));
        if (this.#closing) return;
        await pause(1000);
      }
    }
  }

  async #connectProducer(): Promise<Producer> {
    const producer = this.#options.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: SEND_RETRIES },
    });
    await producer.connect();
    return producer;
  }
}

const OVERDUE = 'Kafka has not acknowledged in time';

function unavailable(reason: string): UnavailableError {
  return new UnavailableError(`Cannot publish to events.collected: ${reason}`);
}

function fail(submission: Submission, error: UnavailableError): void {
  if (submission.settled) return;
  submission.settled = true;
  submission.failed(error);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
