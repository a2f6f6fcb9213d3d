import type { LogRecord } from './record-encoder.ts';

/** Most records of one partition in a send: what the Kafka client groups quickly. */
export const MAX_BATCH_RECORDS = 2000;

/** Most bytes of one partition in a send: below the usual message limit of a broker, 1 MiB, overhead included. */
export const MAX_BATCH_BYTES = 900 * 1024;

const RECORD_OVERHEAD_BYTES = 24;

/** The records of one request, on their way to the log. */
export type Submission = {
  records: readonly LogRecord[];
  readonly submittedAtMs: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  /** Records handed to a send so far. */
  taken: number;
  /** Records acknowledged so far. */
  acknowledged: number;
  /** True once its request has been answered. */
  settled: boolean;
};

export type Batch = {
  readonly messages: LogRecord[];
  /** Each submission in the batch, with how many of its records are in it. */
  readonly parts: { readonly submission: Submission; readonly count: number }[];
};

/** Submissions in order of arrival, cut into batches that one send may carry. */
export class BatchQueue {
  #waiting: Submission[] = [];
  #partitionRecords: number[];
  #partitionBytes: number[];

  constructor(partitions: number) {
    this.#partitionRecords = new Array(partitions).fill(0);
    this.#partitionBytes = new Array(partitions).fill(0);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(submission: Submission): void {
    this.#waiting.push(submission);
  }

  /** The next batch; empty where nothing waits. A submission that has been answered already is left out. */
  take(): Batch {
    this.#partitionRecords.fill(0);
    this.#partitionBytes.fill(0);
    const batch: Batch = { messages: [], parts: [] };
    let finished = 0;
    for (const submission of this.#waiting) {
      if (!submission.settled) {
        const count = this.#fill(batch, submission);
        if (count > 0) batch.parts.push({ submission, count });
        if (submission.taken < submission.records.length) break;
      }
      finished += 1;
    }
    this.#waiting.splice(0, finished);
    return batch;
  }

  /** Moves all that waits to the partitions of another log. */
  move(partitions: number, place: (record: LogRecord) => LogRecord): void {
    this.#partitionRecords = new Array(partitions).fill(0);
    this.#partitionBytes = new Array(partitions).fill(0);
    for (const submission of this.#waiting) submission.records = submission.records.map(place);
  }

  /** Removes and returns all that waits. */
  drain(): Submission[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #fill(batch: Batch, submission: Submission): number {
    const first = submission.taken;
    for (; submission.taken < submission.records.length; submission.taken += 1) {
      const record = submission.records[submission.taken] as LogRecord;
      const { partition } = record;
      const records = this.#partitionRecords[partition]! + 1;
      const bytes =
        this.#partitionBytes[partition]! + record.value.length + record.key.length + RECORD_OVERHEAD_BYTES;
      if (records > 1 && (records > MAX_BATCH_RECORDS || bytes > MAX_BATCH_BYTES)) break;
      this.#partitionRecords[partition] = records;
      this.#partitionBytes[partition] = bytes;
      batch.messages.push(record);
    }
    return submission.taken - first;
  }
}
