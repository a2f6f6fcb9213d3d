import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { UnavailableError } from '#lib/errors.ts';
import { isTooLarge } from '#lib/kafka/too-large.ts';
import type { Logger } from '#lib/service/logger.ts';
import { FIRST_REVISION, logInKafka } from '#schemas/topics.ts';
import { type Batch, BatchQueue, type Submission } from './batch-queue.ts';
import { entriesLeft, entriesOf, findLog } from './follow-log.ts';
import type { LogPlace, LogPlaces } from './log-places.ts';
import type { Publisher } from './publisher.ts';
import { type LogRecord, placeRecord } from './record-encoder.ts';

const WATCH_EVERY_MS = 250;

/** Time a producer has to say goodbye to its brokers when the collector stops. */
const DISCONNECT_MS = 2000;

/** Tries of one send before its producer is given up and replaced: about a minute. */
const SEND_RETRIES = 60;

/** Times a batch may be refused for its size, and the pause between two where the log is not moving. */
const MOST_REFUSALS = 5;
const AGAIN_AFTER_MS = 100;

export type KafkaPublisherOptions = {
  readonly kafka: Kafka;
  /** Partitions that the log is taken to have until it has been found. */
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
  #places: LogPlaces | undefined;
  #place: LogPlace;
  #lastAckAtMs: number[];
  #producer: Producer | undefined;
  #sending: { batch: Batch; sinceMs: number } | undefined;
  #stalled = false;
  /** A sealed log has refused what is being sent, and the next one is not open. */
  #isMoving = false;
  #closing = false;
  #pump: Promise<void> | undefined;
  readonly #watch: NodeJS.Timeout;

  constructor(options: KafkaPublisherOptions) {
    this.#options = options;
    this.#queue = new BatchQueue(options.partitions);
    this.#place = {
      revision: FIRST_REVISION,
      topic: logInKafka(FIRST_REVISION),
      partitions: options.partitions,
    };
    this.#lastAckAtMs = new Array(options.partitions).fill(Date.now());
    this.#watch = setInterval(() => this.#failOverdue(Date.now()), WATCH_EVERY_MS);
  }

  /** Partitions of the log that is written to. */
  get partitions(): number {
    return this.#place.partitions;
  }

  /** When a record of each partition was last acknowledged. Epoch ms. */
  get lastAckAtMs(): readonly number[] {
    return this.#lastAckAtMs;
  }

  /** Finds the log and connects the first producer; waits for Kafka without limit. */
  async start(places: LogPlaces): Promise<void> {
    this.#places = places;
    this.#move((await places.current()).place);
    this.#producer = await this.#connectProducer();
  }

  notReady(): string {
    return this.#closing ? 'stopping' : this.#trouble();
  }

  #trouble(): string {
    if (this.#producer === undefined) return 'not connected to Kafka';
    if (!this.#stalled) return '';
    return this.#isMoving ? MOVING : 'Kafka does not acknowledge';
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
        this.#acknowledge(batch, await this.#send(batch), Date.now());
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

  /**
   * Sends a batch and answers what of it was written where the log is now. A revision of the log that is sealed refuses
   * it: then it goes to the next one, but for what the old one has.
   */
  async #send(batch: Batch): Promise<readonly LogRecord[]> {
    const { log } = this.#options;
    const places = this.#places as LogPlaces;
    let entries = entriesOf(batch);
    for (let refusals = 0; ; ) {
      const from = this.#place;
      const messages = entries.map(({ record }) => record);
      try {
        if (messages.length > 0) await this.#producer!.send({ topic: from.topic, acks: -1, messages });
        return messages;
      } catch (error) {
        refusals += 1;
        if (!isTooLarge(error) || refusals > MOST_REFUSALS) throw error;
        const place = await findLog(places, from, log, () => {
          this.#isMoving = true;
        });
        this.#isMoving = false;
        entries = await entriesLeft(entries, places, from, log);
        // Sequence numbers of the old producer are in doubt: a broker may take another batch for a repetition.
        const old = this.#producer;
        this.#producer = await this.#connectProducer();
        old?.disconnect().catch((reason) => log.debug({ err: reason }, 'old producer is gone'));
        if (place.revision === from.revision) {
          await pause(AGAIN_AFTER_MS);
          continue;
        }
        log.info({ from: from.topic, to: place.topic }, 'writing to the next log');
        this.#move(place);
        entries = entries.map(({ record, submission }) => ({
          record: placeRecord(record, place.partitions),
          submission,
        }));
      }
    }
  }

  #move(place: LogPlace): void {
    this.#place = place;
    this.#lastAckAtMs = new Array(place.partitions).fill(Date.now());
    this.#queue.move(place.partitions, (record) => placeRecord(record, place.partitions));
  }

  #acknowledge(batch: Batch, written: readonly LogRecord[], nowMs: number): void {
    for (const { partition } of written) this.#lastAckAtMs[partition] = nowMs;
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
    const overdue = this.#isMoving ? MOVING : 'Kafka has not acknowledged in time';
    if (this.#sending === undefined) return;
    for (const { submission } of this.#sending.batch.parts) {
      if (nowMs - submission.submittedAtMs > ackTimeoutMs) fail(submission, unavailable(overdue));
    }
    if (nowMs - this.#sending.sinceMs <= ackTimeoutMs) return;
    if (!this.#stalled) log.warn({ ackTimeoutMs }, `${overdue}; answering 503 until it does`);
    this.#stalled = true;
    for (const submission of this.#queue.drain()) fail(submission, unavailable(overdue));
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

const MOVING = 'the log is sealed and the next one is not open yet; cairn replay has to run to its end';

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
