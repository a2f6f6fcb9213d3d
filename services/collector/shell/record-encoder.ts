import { writeFrame } from '#schemas/framing.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { latestSchema } from '#schemas/registry.ts';
import type { Collected } from '#schemas/types.ts';

/** A record of the log as the Kafka client takes it. */
export type LogRecord = {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly partition: number;
  /** Receive time, epoch ms as decimal text: the Kafka record's timestamp. */
  readonly timestamp: string;
};

const SLAB_BYTES = 64 * 1024;
const LIKELY_BYTES = 2048;

/**
 * Encodes records one after the other into shared slabs of memory, so that a record costs no allocation of its own.
 * `partitions` tells how many the log has at the moment.
 */
export function createRecordEncoder(partitions: () => number): (input: Collected) => LogRecord {
  const { id, type } = latestSchema('Collected');
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let at = 0;

  function encode(input: Collected): Buffer {
    if (slab.length - at < LIKELY_BYTES) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      at = 0;
    }
    for (;;) {
      const end = type.encode(input, slab, writeFrame(slab, id, at));
      if (end >= 0) {
        const value = slab.subarray(at, end);
        at = end;
        return value;
      }
      // avsc answers minus the number of bytes that were missing.
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, slab.length - at - end));
      at = 0;
    }
  }

  return (input) => {
    const key = recordKey(input.environment, input.device_id);
    return {
      key,
      value: encode(input),
      partition: partitionOf(key, partitions()),
      timestamp: String(input.received_at),
    };
  };
}

/** A record in its place in a log of so many partitions. */
export function placeRecord(record: LogRecord, partitions: number): LogRecord {
  return { ...record, partition: partitionOf(record.key, partitions) };
}

/** A tick: it carries stream time to a partition nobody has sent anything to. */
export function tickRecord(
  encode: (input: Collected) => LogRecord,
  tick: Collected,
  partition: number,
): LogRecord {
  return { ...encode(tick), partition };
}
