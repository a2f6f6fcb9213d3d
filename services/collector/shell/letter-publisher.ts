import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { UnavailableError } from '#lib/errors.ts';
import { encodeDeadLetter } from '#lib/streams/dead-letter.ts';
import type { PlanRefusal } from '../core/plan-check.ts';
import type { Publisher } from './publisher.ts';
import type { LogRecord } from './record-encoder.ts';

const TOPIC = 'events.rejected';
const DISCONNECT_MS = 2000;

/** Port to the dead letters. */
export type Letters = Pick<Publisher, 'publish'>;

type Waiting = {
  readonly letters: readonly LogRecord[];
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  settled: boolean;
};

/**
 * Writes what a tracking plan refused to events.rejected, acknowledged by all replicas in sync, one send at a time. A
 * letter may come twice where an acknowledgement is lost.
 */
export class LetterPublisher implements Letters {
  readonly #producer: Producer;
  readonly #ackTimeoutMs: number;
  #waiting: Waiting[] = [];
  #pump: Promise<void> | undefined;

  constructor(kafka: Kafka, ackTimeoutMs: number) {
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 10 },
    });
    this.#ackTimeoutMs = ackTimeoutMs;
  }

  start(): Promise<void> {
    return this.#producer.connect();
  }

  publish(letters: readonly LogRecord[]): Promise<void> {
    if (letters.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => waiting.failed(unavailable('not in time')), this.#ackTimeoutMs);
      const settle = (end: () => void) => {
        if (waiting.settled) return;
        waiting.settled = true;
        clearTimeout(patience);
        end();
      };
      const waiting: Waiting = {
        letters,
        settled: false,
        done: () => settle(resolve),
        failed: (error) => settle(() => reject(error)),
      };
      this.#waiting.push(waiting);
      this.#pump ??= this.#run().finally(() => {
        this.#pump = undefined;
      });
    });
  }

  /** Lets go of the producer; what is not sent by then has been answered 503. */
  async stop(): Promise<void> {
    const pause = new Promise((resolve) => setTimeout(resolve, DISCONNECT_MS).unref());
    await Promise.race([this.#producer.disconnect(), pause]);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.filter(({ settled }) => !settled);
      this.#waiting = [];
      const messages = batch.flatMap(({ letters }) =>
        letters.map(({ key, value, timestamp }) => ({ key, value, timestamp })),
      );
      try {
        if (messages.length > 0) await this.#producer.send({ topic: TOPIC, acks: -1, messages });
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(unavailable((error as Error).message));
      }
    }
  }
}

/** The letter of a refused input, which is no record of any topic: it names none, and no generation. */
export function letterOf(
  { code, message, record }: PlanRefusal,
  encode: (input: PlanRefusal['record']) => LogRecord,
): LogRecord {
  const refused = encode(record);
  const origin = { stage: 'collector', generation: 0, topic: '', partition: 0, offset: 0n };
  return {
    ...refused,
    value: encodeDeadLetter({
      ...origin,
      code,
      message,
      kind: record.kind,
      key: refused.key,
      value: refused.value,
    }),
  };
}

function unavailable(reason: string): UnavailableError {
  return new UnavailableError(`Cannot publish to ${TOPIC}: ${reason}`);
}
