import type { IHeaders } from 'kafkajs';
import { readRetry } from '#lib/streams/retry.ts';
import { readSoundHead } from '#schemas/collected-checks.ts';
import { kindOfCollected } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { targetPartition } from './target-partition.ts';
import { TickClock } from './tick-clock.ts';

export type SourceRecord = {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: IHeaders | undefined;
};

/** A record of the new log: one of the old log as it was, or a tick. */
export type TargetRecord =
  | (SourceRecord & { readonly partition: number })
  | { readonly partition: number; readonly tickAtMs: number };

export type Taken = {
  readonly records: readonly TargetRecord[];
  /** Records of the old log that are among them, or were left out as ticks. */
  readonly read: number;
};

type Source = {
  buffer: readonly SourceRecord[];
  at: number;
  /** Offset after what is in the buffer, markers included. */
  next: bigint;
  /** A record is in order no later than when it was read: one from the future holds nothing up. */
  readAtMs: number;
};

/** Headers, timestamp and lengths of a record, generously. */
const OVERHEAD_BYTES = 200;

/**
 * The records of several partitions in order of receive time, and where each belongs in a log of another number of
 * partitions. Within a partition, and so of a device, the order is kept; between partitions the earliest head goes
 * first, so that in each new partition stream time runs as it did. Nothing is given out while a partition that has not
 * ended has no head: an earlier record might still come.
 */
export class LogMerge {
  readonly #sources: Source[];
  readonly #partitions: number;
  readonly #clock: TickClock;

  constructor(positions: readonly bigint[], partitions: number) {
    this.#sources = positions.map((next) => ({ buffer: [], at: 0, next, readAtMs: 0 }));
    this.#partitions = partitions;
    this.#clock = new TickClock(partitions);
  }

  /** Offset of the next record of each partition that was not given out. */
  get positions(): readonly bigint[] {
    return this.#sources.map((source) => source.buffer[source.at]?.offset ?? source.next);
  }

  /** Partitions without a head. */
  get empty(): readonly number[] {
    return [...this.#sources.keys()].filter((partition) => this.#head(partition) === undefined);
  }

  /** Takes the next records of a partition without a head, and the offset after them. */
  add(partition: number, records: readonly SourceRecord[], next: bigint, readAtMs: number): void {
    this.#sources[partition] = { buffer: records, at: 0, next, readAtMs };
  }

  /** The next records, until a limit or a partition that has not ended has no head. */
  take(limits: { records: number; bytes: number }, hasEnded: (partition: number) => boolean): Taken {
    const records: TargetRecord[] = [];
    let read = 0;
    let bytes = 0;
    const open = [...this.#sources.keys()].filter((partition) => !hasEnded(partition));
    while (read < limits.records && bytes < limits.bytes) {
      if (open.some((partition) => this.#head(partition) === undefined)) break;
      const source = this.#earliest();
      if (source === undefined) break;
      const { record, timeMs } = this.#pop(source);
      read += 1;
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0) + OVERHEAD_BYTES;
      const partition = isTick(record) ? undefined : targetPartition(record.key, source, this.#partitions);
      if (partition !== undefined) records.push({ ...record, partition });
      const { nowMs, silent } = this.#clock.advance(timeMs, partition);
      for (const each of silent) records.push({ partition: each, tickAtMs: nowMs });
    }
    return { records, read };
  }

  #head(partition: number): SourceRecord | undefined {
    const source = this.#sources[partition];
    return source?.buffer[source.at];
  }

  #timeOf(partition: number): number {
    const head = this.#head(partition);
    if (head === undefined) return Number.POSITIVE_INFINITY;
    return Math.min(head.timestampMs, this.#sources[partition]!.readAtMs);
  }

  #earliest(): number | undefined {
    let earliest: number | undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let partition = 0; partition < this.#sources.length; partition += 1) {
      const timeMs = this.#timeOf(partition);
      if (timeMs >= earliestMs) continue;
      earliest = partition;
      earliestMs = timeMs;
    }
    return earliest;
  }

  #pop(partition: number): { record: SourceRecord; timeMs: number } {
    const source = this.#sources[partition]!;
    const timeMs = this.#timeOf(partition);
    const record = source.buffer[source.at] as SourceRecord;
    source.at += 1;
    return { record, timeMs };
  }
}

/** Whether a record is a tick and sound: one that is not will be a dead letter, and must not go in silence. */
function isTick({ key, value, headers }: SourceRecord): boolean {
  if (kindOfCollected(value) !== 'tick' || readRetry(headers) !== undefined) return false;
  try {
    readSoundHead(key ?? Buffer.alloc(0), value);
    return true;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) return false;
    throw error;
  }
}
