import { EMPTY_METADATA } from '#lib/streams/commit-metadata.ts';
import { foldChunk, type PlacedOutput, type ReadRecord } from '#lib/streams/fold-chunk.ts';
import type { Processor } from '#lib/streams/processor.ts';
import { collectedCodec, migrationCodec } from '#schemas/codec.ts';
import { DecodeError } from '#schemas/framing.ts';
import type { TopicName } from '#schemas/topics.ts';
import type { Collected, Migration } from '#schemas/types.ts';
import {
  createMerger,
  type MergerOptions,
  type MergerState,
} from '../../../services/identity-merger/core/processor.ts';
import { createSessionizer, type SessionizerState } from '../../../services/sessionizer/core/processor.ts';

/** What a record of the log must become. */
export type LogRow = { readonly offset: number; readonly record: Collected };

export type FoldedRecords = {
  readonly events: readonly LogRow[];
  readonly userChanges: readonly LogRow[];
  readonly accountChanges: readonly LogRow[];
  readonly bindings: readonly Migration[];
};

export type FoldOptions = {
  readonly partition: number;
  /** Partitions of the log: the merger shares its memory of idempotency keys among them. */
  readonly partitions: number;
  readonly generation: number;
  /** What the generation's merger remembers of idempotency keys, where that is not the default. */
  readonly remembers?: Partial<MergerOptions>;
  /** What every task of the merger reads whole, by topic: the blocked identities. */
  readonly broadcasts: ReadonlyMap<
    TopicName,
    readonly { key: Buffer; value: Buffer | null; timestampMs: number }[]
  >;
  /** Records of the log that a later stage rejected: there is nothing of them to be found. */
  readonly isRejected: (offset: number) => boolean;
  /** Records that the merger refused when it read them, whatever today's would do: what it said stands. */
  readonly isRefused: (offset: number) => boolean;
};

/**
 * One partition of the log, folded as the services fold it: merger, then sessionizer. Where it is cut into
 * chunks changes nothing of what it holds in the end.
 */
export class PartitionFold {
  readonly #options: FoldOptions;
  readonly #merger: Processor<MergerState>;
  readonly #mergerState: MergerState;
  readonly #sessionizer: Processor<SessionizerState> = createSessionizer();
  readonly #sessionizerState: SessionizerState = this.#sessionizer.createState();
  #merged = EMPTY_METADATA;
  #sessionized = EMPTY_METADATA;
  #identifiedOffset = 0n;
  /** Last row of each session, encoded, by its key as latin1 text. */
  readonly sessions = new Map<string, Buffer>();

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#merger = refusing(createMerger({ ...options, ...options.remembers }), options.isRefused);
    this.#mergerState = this.#merger.createState();
    for (const { topic, fold } of this.#merger.broadcasts ?? [])
      for (const record of options.broadcasts.get(topic) ?? []) fold(this.#mergerState, record);
  }

  /** Counters of the stages so far, as they commit them. */
  get counts() {
    return { merger: this.#merged.counts, sessionizer: this.#sessionized.counts };
  }

  /** Folds the next records of the partition. */
  add(records: readonly ReadRecord[]): FoldedRecords {
    const { partition, generation } = this.#options;
    const place = (topic: 'events.collected' | 'events.identified') => ({
      topic,
      partition,
      generation,
    });
    const merged = foldChunk(
      this.#merger,
      this.#mergerState,
      this.#merged,
      records,
      place('events.collected'),
    );
    this.#merged = merged.metadata;
    const sessionized = foldChunk(
      this.#sessionizer,
      this.#sessionizerState,
      this.#sessionized,
      merged.outputs.filter(({ topic }) => topic === 'events.identified').map((output) => this.#read(output)),
      place('events.identified'),
    );
    this.#sessionized = sessionized.metadata;
    const outputs = [...merged.outputs, ...sessionized.outputs];
    for (const { topic, key, value } of outputs)
      if (topic === 'sessions') this.sessions.set(key.toString('latin1'), value);
    const changes = this.#rows(outputs, 'profile.changes');
    return {
      events: this.#rows(outputs, 'events.sessionized'),
      userChanges: changes.filter(({ record }) => record.kind === 'user_properties'),
      accountChanges: changes.filter(({ record }) => record.kind === 'account_properties'),
      bindings: outputs
        .filter(({ topic }) => topic === 'identity.migrations')
        .map(({ value }) => migrationCodec.decode(value))
        .filter(({ offset }) => !this.#options.isRejected(offset)),
    };
  }

  #read(output: PlacedOutput): ReadRecord {
    const offset = this.#identifiedOffset++;
    return { ...output, offset, origin: output.origin! };
  }

  #rows(outputs: readonly PlacedOutput[], topic: 'events.sessionized' | 'profile.changes'): LogRow[] {
    const rows: LogRow[] = [];
    for (const output of outputs) {
      const offset = Number(output.origin?.offset);
      if (output.topic !== topic || this.#options.isRejected(offset)) continue;
      try {
        rows.push({ offset, record: collectedCodec.decode(output.value) });
      } catch (error) {
        // The stages before the loader read the head alone: a record corrupt behind it must not be stored.
        if (!(error instanceof DecodeError)) throw error;
      }
    }
    return rows;
  }
}

/** A processor that refuses some records whatever they hold. */
function refusing<State>(
  processor: Processor<State>,
  isRefused: (offset: number) => boolean,
): Processor<State> {
  return {
    ...processor,
    step(state, record, streamTimeMs) {
      if (isRefused(Number((record as ReadRecord).offset)))
        throw new DecodeError('corrupt', 'Cannot fold a record: its stage refused it');
      return processor.step(state, record, streamTimeMs);
    },
  };
}
