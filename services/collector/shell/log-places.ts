import type { Admin } from 'kafkajs';
import { readGenerations } from '#lib/generations/known-generations.ts';
import { currentRevision, isMoving } from '#lib/generations/log-revision.ts';
import { countPartitions } from '#lib/kafka/ensure-topics.ts';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { logInKafka } from '#schemas/topics.ts';
import { findRun } from '../core/find-run.ts';
import type { LogRecord } from './record-encoder.ts';

/** The revision of the log that collectors write to. */
export type LogPlace = { readonly revision: number; readonly topic: string; readonly partitions: number };

/** Where the log is, as the publisher asks when a broker refuses what it sends. */
export type LogPlaces = {
  /** The place to write to, and whether it is about to be another. */
  current(): Promise<{ place: LogPlace; isMoving: boolean }>;
  /** Whether records that were sent to a partition in one batch are in it. */
  contains(topic: string, partition: number, records: readonly LogRecord[]): Promise<boolean>;
};

/** Reads where the log is from the topic `generations`, and what is in it. */
export function createLogPlaces(admin: Admin, reader: PartitionReader): LogPlaces {
  return {
    async current() {
      const known = await readGenerations(reader);
      const revision = currentRevision(known);
      const topic = logInKafka(revision);
      const partitions = await countPartitions(admin, topic);
      return { place: { revision, topic, partitions }, isMoving: isMoving(known) };
    },
    async contains(topic, partition, records) {
      const from = await reader.offsetAtTime(topic, partition, earliestOf(records));
      if (from === undefined) return false;
      const { end } = await reader.bounds(topic, partition);
      const values: (Buffer | null)[] = [];
      for await (const { messages } of reader.read({ topic, partition, from, to: end }))
        for (const { value } of messages) values.push(value);
      const sent = records.map(({ value }) => value);
      return findRun(values, sent);
    },
  };
}

/** Receive time before which no record of a batch can lie. Epoch ms. */
function earliestOf(records: readonly LogRecord[]): number {
  return Math.min(...records.map(({ timestamp }) => Number(timestamp)));
}
