import type { StageTopic, TopicName } from '#schemas/topics.ts';

/** Where in the log a record came from: its provenance on every derived topic. */
export type Origin = { readonly topic: string; readonly partition: number; readonly offset: bigint };

/** A record as a processor sees it. */
export type InputRecord = {
  readonly key: Buffer;
  readonly value: Buffer | null;
  /** Receive time of the event, epoch ms: the Kafka record's timestamp. */
  readonly timestampMs: number;
  readonly origin: Origin;
};

/** A record to publish. It goes to the partition it was made from: no stage moves a record. */
export type Output = {
  readonly topic: StageTopic;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly timestampMs: number;
};

export type Step = {
  readonly outputs: readonly Output[];
  /** What became of the record, as `<kind>.<outcome>`: counted, and committed with the offset. */
  readonly outcome: string;
};

/** How one of a processor's own output topics is folded back into its state. */
export type Restore<State> = {
  readonly topic: StageTopic;
  /** Only records whose time is within this of stream time are read; without it the whole topic. */
  readonly windowMs?: number;
  readonly fold: (state: State, record: { key: Buffer; value: Buffer | null; timestampMs: number }) => void;
};

/**
 * A topic that every task reads whole, all partitions of it, when it opens: what an operator decided. It belongs to
 * no partition of the input and is never part of a snapshot.
 */
export type Broadcast<State> = {
  readonly topic: StageTopic;
  readonly fold: (state: State, record: { key: Buffer; value: Buffer | null; timestampMs: number }) => void;
};

/**
 * A stage's rules as values in, values out: no I/O, clock, randomness or logger, so the same log gives the
 * same bytes today and in a replay next year. The runner owns Kafka, transactions, stream time and counting.
 *
 * The invariant: state is exactly what `restore` makes of the committed outputs. A step may change state in
 * place, because the runner throws the state away when a transaction does not commit.
 */
export type Processor<State> = {
  readonly stage: string;
  readonly input: TopicName;
  /** Derived topics that this stage alone publishes to: a record there says that it has processed something. */
  readonly outputs: readonly StageTopic[];
  readonly restores: readonly Restore<State>[];
  readonly broadcasts?: readonly Broadcast<State>[];
  createState(): State;
  /** How state is copied to bytes and back, where folding it anew would take too long. */
  readonly snapshot?: {
    /** Layout of the bytes and what bounds the state: another one makes a snapshot unusable. */
    readonly format: string;
    encode(state: State): readonly Uint8Array[];
    decode(bytes: Buffer): State;
  };
  /**
   * Handles one record. `streamTimeMs` is the largest receive time in the partition so far, this record's
   * included. Throws DecodeError where the record cannot be read: it becomes a dead letter.
   */
  step(state: State, record: InputRecord, streamTimeMs: number): Step;
  /** What is published once per transaction rather than per record. */
  flush(state: State): readonly Output[];
  /** Figures about the state that are committed with the offset, for people: no result rests on them. */
  facts?(state: State): Readonly<Record<string, number>>;
};
