import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import type { ReadRecord } from '#lib/streams/fold-chunk.ts';
import { readOrigin } from '#lib/streams/origin.ts';
import { readRetry } from '#lib/streams/retry.ts';

/** A stretch of one partition of the log: from `from` up to and without `to`. */
export type Stretch = {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
};

/** Records handed on at a time: few, so that what is made of them is garbage before it grows old. */
const SLICE = 500;

/** Records of the log as the stages read them, some hundreds at a time. */
export async function* readRecords(reader: PartitionReader, stretch: Stretch): AsyncGenerator<ReadRecord[]> {
  const { topic, partition } = stretch;
  for await (const { messages } of reader.read(stretch)) {
    for (let at = 0; at < messages.length; at += SLICE) {
      yield messages.slice(at, at + SLICE).map(({ key, value, timestamp, offset: text, headers }) => {
        const offset = BigInt(text);
        return {
          key: key ?? Buffer.alloc(0),
          value,
          timestampMs: Number(timestamp),
          offset,
          origin: readOrigin(headers) ?? { topic, partition, offset },
          retry: readRetry(headers),
        };
      });
    }
  }
}
