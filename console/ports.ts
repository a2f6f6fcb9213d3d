import type { DefinedEvent } from '#queries/definitions/definition.ts';

/**
 * What the console is given by the program that starts it: where things are, and answers that need more than
 * ClickHouse and the log.
 */
export type ConsolePorts = {
  readonly brokers: readonly string[];
  readonly clickhouseUrl: string;
  /** Name in Kafka of the log that is written to now. */
  logTopic(): Promise<string>;
  /** Events that are defined in files, as they are now. Throws an Error whose message says what is wrong with them. */
  definitions(): readonly DefinedEvent[];
  /** What runs and how far it is. */
  status(): Promise<PipelineStatus>;
  /** What was rejected and was not put back, by reason. */
  deadLetters(): Promise<DeadLetters>;
};

export type PipelineStatus = {
  readonly ready: boolean;
  readonly generation: number;
  readonly partitions: number;
  readonly collectedPerSecond: number;
  readonly deadLetters: number;
  readonly kafka: ServerStatus;
  readonly clickhouse: ServerStatus;
  readonly services: readonly StageStatus[];
};

export type ServerStatus = { readonly ready: boolean; readonly address: string };

export type StageStatus = {
  readonly name: string;
  readonly generation: number;
  readonly ready: boolean;
  /** Why it is not ready; empty where it is. */
  readonly reason: string;
  readonly restarts: number;
  readonly lag: number;
  /** Age of the oldest record that was not processed yet. */
  readonly oldestAgeMs: number | null;
  readonly deadLetters: number;
  readonly inputs: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly committed: number;
    readonly end: number;
    readonly lag: number;
  }[];
};

export type DeadLetters = {
  readonly total: number;
  readonly reasons: readonly {
    readonly stage: string;
    readonly code: string;
    readonly count: number;
    /** Epoch ms of the receive times. */
    readonly firstAtMs: number;
    readonly lastAtMs: number;
    /** Of the latest one. */
    readonly example: { readonly id: string; readonly message: string; readonly place: string };
    readonly means: string;
    readonly todo: string;
  }[];
};
