import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchQueue, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, type Submission } from './batch-queue.ts';
import type { LogRecord } from './record-encoder.ts';

function records(count: number, partition: number, bytes = 10): LogRecord[] {
  const value = Buffer.alloc(bytes);
  return Array.from({ length: count }, () => ({ key: Buffer.alloc(8), value, partition, timestamp: '0' }));
}

function submit(queue: BatchQueue, of: readonly LogRecord[]): Submission {
  const submission = {
    records: of,
    submittedAtMs: 0,
    done: () => {},
    failed: () => {},
    taken: 0,
    acknowledged: 0,
    settled: false,
  };
  queue.add(submission);
  return submission;
}

/** Takes batches until nothing waits: for each, how many records of each submission it holds. */
function drained(queue: BatchQueue, submissions: Submission[]): number[][] {
  const batches: number[][] = [];
  while (!queue.isEmpty) {
    const { messages, parts } = queue.take();
    const counts = submissions.map(
      (submission) => parts.find((part) => part.submission === submission)?.count ?? 0,
    );
    assert.equal(
      messages.length,
      counts.reduce((sum, count) => sum + count),
    );
    batches.push(counts);
  }
  return batches;
}

test('BatchQueue puts what waits into one batch, in order', () => {
  const queue = new BatchQueue(2);
  const first = submit(queue, records(2, 0));
  const second = submit(queue, records(3, 1));
  const { messages } = queue.take();
  assert.deepEqual(messages, [...first.records, ...second.records]);
  assert.equal(queue.isEmpty, true);
});

test('BatchQueue cuts at the number of records a partition may have', () => {
  const queue = new BatchQueue(2);
  const submissions = [
    submit(queue, records(MAX_BATCH_RECORDS - 1, 0)),
    submit(queue, records(MAX_BATCH_RECORDS, 1)),
    submit(queue, records(5, 0)),
    submit(queue, records(1, 1)),
  ];
  assert.deepEqual(drained(queue, submissions), [
    [MAX_BATCH_RECORDS - 1, MAX_BATCH_RECORDS, 1, 0],
    [0, 0, 4, 1],
  ]);
});

test('BatchQueue cuts at the bytes a partition may have', () => {
  const queue = new BatchQueue(1);
  const submission = submit(queue, records(5, 0, MAX_BATCH_BYTES * 0.4));
  assert.deepEqual(drained(queue, [submission]), [[2], [2], [1]]);
});

test('BatchQueue sends a record that is over the bound by itself', () => {
  const queue = new BatchQueue(1);
  const submissions = [submit(queue, records(1, 0)), submit(queue, records(2, 0, MAX_BATCH_BYTES + 1))];
  assert.deepEqual(drained(queue, submissions), [
    [1, 0],
    [0, 1],
    [0, 1],
  ]);
});

test('BatchQueue leaves out what has been answered already', () => {
  const queue = new BatchQueue(1);
  const submissions = [
    submit(queue, records(1, 0)),
    submit(queue, records(1, 0)),
    submit(queue, records(1, 0)),
  ];
  submissions[1]!.settled = true;
  assert.deepEqual(drained(queue, submissions), [[1, 0, 1]]);
});

test('BatchQueue drain() empties it', () => {
  const queue = new BatchQueue(1);
  const submission = submit(queue, records(1, 0));
  assert.deepEqual(queue.drain(), [submission]);
  assert.equal(queue.isEmpty, true);
});
