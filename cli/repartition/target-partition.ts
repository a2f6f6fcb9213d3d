import { partitionOf } from '#schemas/ids.ts';

const KEY_BYTES = 8;

/**
 * Partition of a record in a log of so many partitions: that of its key. One whose key is no record key belongs to no
 * device; it goes where its old partition says, so that it has the same place each time the log is copied.
 */
export function targetPartition(key: Buffer | null, source: number, partitions: number): number {
  return key?.length === KEY_BYTES ? partitionOf(key, partitions) : source % partitions;
}
