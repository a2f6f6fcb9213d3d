/** Merger and sessionizer of several partitions over one log, in memory, taking turns in whatever order. */

import fc from 'fast-check';
import type { PlacedOutput, ReadRecord } from '#lib/streams/fold-chunk.ts';
import { collectedCodec, migrationCodec, sessionCodec } from '#schemas/codec.ts';
import { partitionOf } from '#schemas/ids.ts';
import type { Collected, Migration, Session } from '#schemas/types.ts';
import { createMerger } from '../../services/identity-merger/core/processor.ts';
import { createSessionizer } from '../../services/sessionizer/core/processor.ts';
import { keyOf } from './histories.ts';
import { StageRun } from './stage-run.ts';

/** Who goes on next, and how far: a merger or sessionizer of some partition. */
export type Move = {
  readonly partition: number;
  readonly stage: 'merger' | 'sessionizer';
  readonly records: number;
  /** What happens to it then, or that nothing of it is kept. */
  readonly ending: 'commit' | 'abort' | 'restart';
};

export const schedules: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({
    partition: fc.nat(4),
    stage: fc.constantFrom('merger', 'sessionizer'),
    records: fc.integer({ min: 1, max: 8 }),
    ending: fc.constantFrom('commit', 'commit', 'commit', 'abort', 'restart'),
  }),
  { maxLength: 25 },
);

/** What the loader reads of all partitions, in the order in which it was published. */
export type Published = {
  readonly events: readonly Collected[];
  readonly changes: readonly Collected[];
  readonly bindings: readonly Migration[];
  readonly sessions: readonly Session[];
};

type Stage = Pick<StageRun<unknown>, 'take' | 'abort' | 'restart'>;
type Stages = { readonly merger: Stage; readonly sessionizer: Stage };

class Partition {
  readonly #log: readonly ReadRecord[];
  readonly #identified: ReadRecord[] = [];
  readonly #stages: Stages;
  readonly #next = { merger: 0, sessionizer: 0 };
  readonly #publish: (outputs: readonly PlacedOutput[]) => void;

  constructor(
    log: readonly ReadRecord[],
    stages: Stages,
    publish: (outputs: readonly PlacedOutput[]) => void,
  ) {
    this.#log = log;
    this.#stages = stages;
    this.#publish = publish;
  }

  move(stage: 'merger' | 'sessionizer', records: number, ending: Move['ending']): void {
    const input = stage === 'merger' ? this.#log : this.#identified;
    const chunk = input.slice(this.#next[stage], this.#next[stage] + records);
    const run = this.#stages[stage];
    if (ending === 'abort') {
      run.abort(chunk, true);
      return;
    }
    const outputs = run.take(chunk);
    this.#next[stage] += chunk.length;
    if (ending === 'restart') run.restart(true);
    for (const output of outputs) {
      if (output.topic !== 'events.identified') continue;
      this.#identified.push({ ...output, offset: BigInt(this.#identified.length), origin: output.origin! });
    }
    this.#publish(outputs);
  }

  finish(): void {
    this.move('merger', Infinity, 'commit');
    this.move('sessionizer', Infinity, 'commit');
  }
}

export function runPipeline(
  log: readonly Collected[],
  partitions: number,
  schedule: readonly Move[],
): Published {
  const published: PlacedOutput[] = [];
  const mergers = createMerger({ partitions, generation: 1 });
  const sessionizers = createSessionizer();
  const all = partitionsOf(log, partitions).map((records, partition) => {
    const stages = {
      merger: new StageRun(mergers, { partition }),
      sessionizer: new StageRun(sessionizers, { partition }),
    };
    return new Partition(readRecords(records, partition), stages, (outputs) => published.push(...outputs));
  });
  for (const { partition, stage, records, ending } of schedule)
    all[partition % partitions]?.move(stage, records, ending);
  // Last the partitions go on in an order that depends on the schedule too.
  const rotated = [...all.slice(schedule.length % partitions), ...all.slice(0, schedule.length % partitions)];
  for (const partition of rotated) partition.finish();
  const values = (topic: string) =>
    published.filter((output) => output.topic === topic).map(({ value }) => value);
  return {
    events: values('events.sessionized').map((value) => collectedCodec.decode(value)),
    changes: values('profile.changes').map((value) => collectedCodec.decode(value)),
    bindings: values('identity.migrations').map((value) => migrationCodec.decode(value)),
    sessions: values('sessions').map((value) => sessionCodec.decode(value)),
  };
}

/** A log by partition, each in its order. */
export function partitionsOf(log: readonly Collected[], partitions: number): Collected[][] {
  const all = Array.from({ length: partitions }, (): Collected[] => []);
  for (const record of log) all[partitionOf(keyOf(record), partitions)]?.push(record);
  return all;
}

function readRecords(log: readonly Collected[], partition: number): ReadRecord[] {
  return log.map((record, index) => {
    const offset = BigInt(index);
    const origin = { topic: 'events.collected', partition, offset };
    return {
      key: keyOf(record),
      value: collectedCodec.encode(record),
      timestampMs: record.received_at,
      offset,
      origin,
    };
  });
}
