import { type DecodeCode, DecodeError } from '#schemas/framing.ts';
import type { CommitMetadata } from './commit-metadata.ts';
import { checkSize, encodeDeadLetter } from './dead-letter.ts';
import type { InputRecord, Origin, Output, Processor } from './processor.ts';
import { RETRY_OF_OTHERS, RETRY_TAKEN, type Retry } from './retry.ts';

/** An input record with the place it was read from, and the dead letter it was put back from, if any. */
export type ReadRecord = InputRecord & { readonly offset: bigint; readonly retry?: Retry | undefined };

export type PlacedOutput = Output & { readonly origin?: Origin; readonly retry?: Retry | undefined };

export type FoldedChunk = {
  readonly outputs: readonly PlacedOutput[];
  readonly metadata: CommitMetadata;
  /** Codes of the dead letters among the outputs. */
  readonly rejected: readonly DecodeCode[];
};

/**
 * Folds consecutive records of one partition into a processor's state and says what to publish and commit.
 * A record that cannot be read becomes a dead letter, does not move stream time, and the stage goes on. One that
 * was put back from a dead letter of another generation is passed over: here the record itself was read before.
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
  const rejected: DecodeCode[] = [];
  const count = (outcome: string) => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  let streamTime = before.streamTime;
  for (const record of records) {
    if (record.retry !== undefined) {
      const isOwn = record.retry.generation === place.generation;
      count(isOwn ? RETRY_TAKEN : RETRY_OF_OTHERS);
      if (!isOwn) continue;
    }
    const advanced = Math.max(streamTime, record.timestampMs);
    try {
      checkSize(record.key, record.value);
      const step = processor.step(state, record, advanced);
      for (const output of step.outputs) outputs.push({ ...output, origin: record.origin });
      count(step.outcome);
      streamTime = advanced;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      outputs.push(deadLetter(processor.stage, record, error, place));
      rejected.push(error.code);
      count('unknown.rejected');
    }
  }
  outputs.push(...processor.flush(state));
  return { outputs, metadata: { streamTime, counts }, rejected };
}

function deadLetter(
  stage: string,
  record: ReadRecord,
  error: DecodeError,
  place: { topic: string; partition: number; generation: number },
): PlacedOutput {
  const { code, message } = error;
  const { offset, key, value: own } = record;
  const value = encodeDeadLetter({ stage, code, message, ...place, offset, key, value: own });
  return {
    topic: 'events.rejected',
    key: record.key,
    value,
    timestampMs: record.timestampMs,
    origin: record.origin,
    retry: record.retry,
  };
}
