/** A stage run over a log in memory as the stage runner does it: transactions, aborts, and restores from outputs. */

import fc from 'fast-check';
import {
  type CommitMetadata,
  decodeMetadata,
  EMPTY_METADATA,
  encodeMetadata,
} from '#lib/streams/commit-metadata.ts';
import { foldChunk, type PlacedOutput, type ReadRecord } from '#lib/streams/fold-chunk.ts';
import type { Processor } from '#lib/streams/processor.ts';
import { TOPICS, type TopicName } from '#schemas/topics.ts';

/** What happens after some records were taken. */
export type Turn = {
  readonly records: number;
  /**
   * commit: the next transaction begins; abort: nothing of it is kept, the state is restored and its records come
   * again, cut otherwise; restart: committed, then all state is lost; snapshot: committed, and the state comes back
   * from a copy of its bytes.
   */
  readonly ending: 'commit' | 'abort' | 'restart' | 'snapshot';
  /** True where compaction and retention have passed over the outputs before they are read back. */
  readonly cleaned: boolean;
};

export const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 12 }),
    ending: fc.constantFrom('commit' as const, 'restart' as const, 'abort' as const, 'snapshot' as const),
    cleaned: fc.boolean(),
  }),
  { maxLength: 12 },
);

type Broadcasts = ReadonlyMap<TopicName, readonly { key: Buffer; value: Buffer }[]>;

export type Ran = {
  readonly outputs: readonly PlacedOutput[];
  /** The same, transaction by transaction. */
  readonly transactions: readonly (readonly PlacedOutput[])[];
  readonly metadata: CommitMetadata;
};

export class StageRun<State> {
  readonly #processor: Processor<State>;
  readonly #broadcasts: Broadcasts;
  readonly #partition: number;
  readonly #transactions: (readonly PlacedOutput[])[] = [];
  #metadata: CommitMetadata = EMPTY_METADATA;
  #state: State;

  constructor(processor: Processor<State>, { partition = 0, broadcasts = new Map() as Broadcasts } = {}) {
    this.#processor = processor;
    this.#broadcasts = broadcasts;
    this.#partition = partition;
    this.#state = this.#restored(false);
  }

  /** Takes records as one transaction and says what it published. */
  take(records: readonly ReadRecord[]): readonly PlacedOutput[] {
    const { outputs, metadata } = this.#fold(records);
    this.#transactions.push(outputs);
    // As it comes back from an offset commit.
    this.#metadata = decodeMetadata(encodeMetadata(metadata));
    return outputs;
  }

  /** Takes records as one transaction that does not commit. */
  abort(records: readonly ReadRecord[], cleaned: boolean): void {
    this.#fold(records);
    this.#state = this.#restored(cleaned);
  }

  restart(cleaned: boolean): void {
    this.#state = this.#restored(cleaned);
  }

  copy(): void {
    const { snapshot } = this.#processor;
    if (snapshot === undefined) {
      this.restart(false);
    } else {
      this.#state = snapshot.decode(Buffer.concat(snapshot.encode(this.#state)));
      this.#foldBroadcasts(this.#state);
    }
  }

  ran(): Ran {
    return { outputs: this.#transactions.flat(), transactions: this.#transactions, metadata: this.#metadata };
  }

  #fold(records: readonly ReadRecord[]) {
    const place = { topic: this.#processor.input, partition: this.#partition, generation: 1 };
    return foldChunk(this.#processor, this.#state, this.#metadata, records, place);
  }

  #restored(cleaned: boolean): State {
    const state = this.#processor.createState();
    const { streamTime } = this.#metadata;
    for (const { topic, windowMs, fold } of this.#processor.restores) {
      const published = this.#transactions.flat().filter((output) => output.topic === topic);
      const kept = cleaned ? clean(topic, published, streamTime) : published;
      const first = kept.findIndex(({ timestampMs }) => timestampMs >= streamTime - (windowMs ?? Infinity));
      if (first < 0) continue;
      for (const { key, value, timestampMs } of kept.slice(first)) fold(state, { key, value, timestampMs });
    }
    this.#foldBroadcasts(state);
    return state;
  }

  #foldBroadcasts(state: State): void {
    for (const { topic, fold } of this.#processor.broadcasts ?? [])
      for (const { key, value } of this.#broadcasts.get(topic) ?? [])
        fold(state, { key, value, timestampMs: 0 });
  }
}

/** What Kafka may keep of a topic: of a compacted one the last record of each key, and what is not too old. */
function clean(name: TopicName, outputs: readonly PlacedOutput[], streamTimeMs: number): PlacedOutput[] {
  const { cleanup, retentionMs } = TOPICS[name];
  const last = new Map(outputs.map((output) => [output.key.toString('hex'), output]));
  return outputs.filter(
    (output) =>
      (cleanup === 'delete' || last.get(output.key.toString('hex')) === output) &&
      (retentionMs < 0 || output.timestampMs >= streamTimeMs - retentionMs),
  );
}

/** Runs a stage over a whole log, cut and interrupted as the turns say; what they leave comes as one transaction. */
export function runStage<State>(
  run: StageRun<State>,
  records: readonly ReadRecord[],
  plan: readonly Turn[],
): Ran {
  let at = 0;
  for (const { records: count, ending, cleaned } of plan) {
    const chunk = records.slice(at, at + count);
    if (ending === 'abort') {
      run.abort(chunk, cleaned);
      continue;
    }
    run.take(chunk);
    at += count;
    if (ending === 'restart') run.restart(cleaned);
    if (ending === 'snapshot') run.copy();
  }
  run.take(records.slice(at));
  return run.ran();
}
