import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import groupMessagesPerPartition from 'kafkajs/src/producer/groupMessagesPerPartition.js';

type Step = { producerId: string; act: 'write' | 'commit' | 'abort' };

/** Lays transactions of several producers out as a log, and says what a reader must see of it. */
function logOf(steps: readonly Step[]) {
  const messages = [];
  const aborted: { firstOffset: string; producerId: string }[] = [];
  const open = new Map<string, number[]>();
  const visible = new Set<number>();
  for (const [offset, { producerId, act }] of steps.entries()) {
    const batchContext = { producerId, inTransaction: true };
    const written = open.get(producerId) ?? [];
    if (act === 'write') {
      // The key of an abort marker in a user's record: only control records end a transaction.
      messages.push({ offset: String(offset), key: Buffer.from([0, 0, 0, 0]), batchContext });
      open.set(producerId, [...written, offset]);
      continue;
    }
    messages.push({
      offset: String(offset),
      key: Buffer.from([0, 0, 0, act === 'abort' ? 0 : 1]),
      isControlRecord: true,
      batchContext,
    });
    if (act === 'commit') for (const at of written) visible.add(at);
    else if (written.length > 0) aborted.push({ firstOffset: String(written[0]), producerId });
    open.delete(producerId);
  }
  for (const written of open.values()) for (const at of written) visible.add(at);
  return { messages, aborted, visible };
}

test('filterAbortedMessages() leaves out every record of an aborted transaction and no other', () => {
  const step = fc.record<Step>({
    producerId: fc.constantFrom('1', '2', '3'),
    act: fc.constantFrom('write', 'write', 'write', 'commit', 'abort'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { messages, aborted, visible } = logOf(steps);
      const seen = filterAbortedMessages({ messages, abortedTransactions: aborted })
        .filter(({ isControlRecord }) => !isControlRecord)
        .map(({ offset }) => Number(offset));
      assert.deepEqual(new Set(seen), visible);
    }),
  );
});

test('filterAbortedMessages() starts two transactions that both began before the first record read', () => {
  const record = (offset: string, producerId: string) => ({
    offset,
    key: null,
    batchContext: { producerId, inTransaction: true },
  });
  const abortedTransactions = [
    { firstOffset: '95', producerId: '2' },
    { firstOffset: '90', producerId: '1' },
  ];
  assert.deepEqual(
    filterAbortedMessages({ messages: [record('100', '2'), record('101', '1')], abortedTransactions }),
    [],
  );
});

test('groupMessagesPerPartition() keeps the order of messages and copies no list per message', () => {
  const messages = Array.from({ length: 200_000 }, (_, at) => ({ partition: at % 2, at }));
  const groups = groupMessagesPerPartition({
    topic: 't',
    partitionMetadata: [{}],
    messages,
    partitioner: ({ message }) => message.partition,
  });
  assert.deepEqual(
    groups['1'],
    messages.filter(({ partition }) => partition === 1),
  );
});
