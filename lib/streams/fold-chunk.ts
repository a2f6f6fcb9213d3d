import { rejectedCodec } from '#schemas/codec.ts';
import { DecodeError } from '#schemas/framing.ts';
import type { CommitMetadata } from './commit-metadata.ts';
import type { InputRecord, Origin, Output, Processor } from './processor.ts';

/** An input record with the place it was read from. */
export type ReadRecord = InputRecord & { readonly offset: bigint };

export type PlacedOutput = Output & { readonly origin?: Origin };

export type FoldedChunk = { readonly outputs: readonly PlacedOutput[]; readonly metadata: CommitMetadata };

/**
 * Folds consecutive records of one partition into a processor's state and says what to publish and commit.
 * A record that cannot be read becomes a dead letter, does not move stream time, and the stage goes on.
 */
export function foldChunk<State>(
  processor: Processor<State>,
  state: State,
  before: CommitMetadata,
  records: readonly ReadRecord[],
  place: { topic: string; partition: number; generation: number },
): FoldedChunk {
  const counts: Record<string, number> = { ...before.counts };
  const outputs: PlacedOutput[] = [];
  let streamTime = before.streamTime;
  for (const record of records) {
    const advanced = Math.max(streamTime, record.timestampMs);
    try {
      const step = processor.step(state, record, advanced);
      for (const output of step.outputs) outputs.push({ ...output, origin: record.origin });
      counts[step.outcome] = (counts[step.outcome] ?? 0) + 1;
      streamTime = advanced;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      outputs.push(deadLetter(processor.stage, record, error, place));
      counts['unknown.rejected'] = (counts['unknown.rejected'] ?? 0) + 1;
    }
  }
  outputs.push(...processor.flush(state));
  return { outputs, metadata: { streamTime, counts } };
}

function deadLetter(
  stage: string,
  record: ReadRecord,
  error: DecodeError,
  place: { topic: string; partition: number; generation: number },
): PlacedOutput {
  const value = rejectedCodec.encode({
    stage,
    generation: place.generation,
    code: error.code,
    message: error.message,
    topic: place.topic,
    partition: place.partition,
    offset: Number(record.offset),
    key: record.key,
    value: record.value ?? Buffer.alloc(0),
  });
  return {
    topic: 'events.rejected',
    key: record.key,
    value,
    timestampMs: record.timestampMs,
    origin: record.origin,
  };
}
