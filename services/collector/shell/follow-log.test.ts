import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '#lib/service/logger.ts';
import type { Batch, Submission } from './batch-queue.ts';
import { entriesLeft, entriesOf, findLog } from './follow-log.ts';
import type { LogPlace, LogPlaces } from './log-places.ts';
import type { LogRecord } from './record-encoder.ts';

const log = createLogger('collector', 'silent');
const OLD: LogPlace = { revision: 1, topic: 'events.collected', partitions: 2 };
const NEW: LogPlace = { revision: 2, topic: 'events.collected.r2', partitions: 3 };

const record = (partition: number, text: string): LogRecord => ({
  key: Buffer.alloc(8),
  value: Buffer.from(text),
  partition,
  timestamp: '1',
});

function submissionOf(records: readonly LogRecord[], settled = false): Submission {
  return { records, submittedAtMs: 0, done() {}, failed() {}, taken: 0, acknowledged: 0, settled };
}

function batchOf(...submissions: Submission[]): Batch {
  return {
    messages: submissions.flatMap(({ records }) => records),
    parts: submissions.map((submission) => ({ submission, count: submission.records.length })),
  };
}

/** A log of which some partitions have taken their part of the batch. */
function places(answers: { place: LogPlace; isMoving: boolean }[], taken: readonly number[] = []): LogPlaces {
  return {
    async current() {
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next === undefined) throw new Error('Kafka does not answer');
      return next;
    },
    async contains(_topic, partition) {
      return taken.includes(partition);
    },
  };
}

test('findLog() waits while the log is moving, and answers the next revision when it is open', async () => {
  const answers = [
    { place: OLD, isMoving: true },
    { place: OLD, isMoving: true },
    { place: NEW, isMoving: false },
  ];
  let told = 0;
  const onMoving = () => {
    told += 1;
  };
  assert.equal(await findLog(places(answers), OLD, log, onMoving), NEW);
  assert.equal(told, 1);
});

test('findLog() answers the same revision where nothing moves it', async () => {
  assert.equal(await findLog(places([{ place: OLD, isMoving: false }]), OLD, log, assert.fail), OLD);
});

test('entriesLeft() leaves out what the sealed log has taken, and whom was told to send again', async () => {
  const first = submissionOf([record(0, 'a'), record(1, 'b')]);
  const second = submissionOf([record(1, 'c')], true);
  const third = submissionOf([record(1, 'd'), record(0, 'e')]);
  const entries = entriesOf(batchOf(first, second, third));
  assert.deepEqual(
    entries.map(({ submission }) => [first, second, third].indexOf(submission)),
    [0, 0, 1, 2, 2],
  );
  const left = await entriesLeft(entries, places([], [0]), OLD, log);
  assert.deepEqual(
    left.map((entry) => entry.record.value.toString()),
    ['b', 'd'],
  );
});
