import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import createEosManager from 'kafkajs/src/producer/eosManager/index.js';
import groupMessagesPerPartition from 'kafkajs/src/producer/groupMessagesPerPartition.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import encodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import recordBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js';

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

const writtenBy = (offset: string, producerId: string) => ({
  offset,
  key: null,
  batchContext: { producerId, inTransaction: true },
});

test('filterAbortedMessages() starts two transactions that both began before the first record read', () => {
  const abortedTransactions = [
    { firstOffset: '95', producerId: '2' },
    { firstOffset: '90', producerId: '1' },
  ];
  for (const [first = '', second = ''] of [
    ['1', '2'],
    ['2', '1'],
  ]) {
    const messages = [writtenBy('100', first), writtenBy('101', second)];
    assert.deepEqual(filterAbortedMessages({ messages, abortedTransactions }), []);
  }
});

test('filterAbortedMessages() starts a transaction that ended after one that began later', () => {
  const abortedTransactions = [
    { firstOffset: '105', producerId: '2' },
    { firstOffset: '90', producerId: '1' },
  ];
  const messages = [writtenBy('100', '1'), writtenBy('105', '2')];
  assert.deepEqual(filterAbortedMessages({ messages, abortedTransactions }), []);
});

test("filterAbortedMessages() takes no user's record for the end of a transaction", () => {
  const abortedTransactions = [{ firstOffset: '100', producerId: '1' }];
  const like = { ...writtenBy('100', '1'), key: Buffer.from([0, 0, 0, 0]) };
  assert.deepEqual(
    filterAbortedMessages({ messages: [like, writtenBy('101', '1')], abortedTransactions }),
    [],
  );
});

/** Number of lists that are iterated, as to spread them into others, while something is done. */
function listsIterated(work: () => void): number {
  const iterate = Array.prototype[Symbol.iterator];
  let lists = 0;
  Array.prototype[Symbol.iterator] = function () {
    lists += 1;
    return iterate.call(this);
  };
  try {
    work();
  } finally {
    Array.prototype[Symbol.iterator] = iterate;
  }
  return lists;
}

test('groupMessagesPerPartition() keeps the order of messages and copies no list per message', () => {
  const messages = Array.from({ length: 1000 }, (_, at) => ({ partition: at % 2, at }));
  let groups: Record<string, unknown[]> = {};
  const copies = listsIterated(() => {
    groups = groupMessagesPerPartition({
      topic: 't',
      partitionMetadata: [{}],
      messages,
      partitioner: ({ message }) => message.partition,
    });
  });
  assert.ok(copies < 10, `${copies} lists were copied`);
  assert.deepEqual(
    groups['1'],
    messages.filter(({ partition }) => partition === 1),
  );
});

type Answer = 'ok' | string;

/** A coordinator that gives an answer of its list to each request, by its kind, and then says yes for ever. */
function aCoordinator(answers: Readonly<Record<string, Answer[]>>) {
  const asked: string[] = [];
  const answer = (kind: string) => async () => {
    asked.push(kind);
    const type = answers[kind]?.shift() ?? 'ok';
    if (type !== 'ok') throw Object.assign(new Error(type), { type, retriable: true });
    return { producerId: '1', producerEpoch: 0 };
  };
  const kinds = ['initProducerId', 'addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn'];
  const broker = Object.fromEntries(kinds.map((kind) => [kind, answer(kind)]));
  return { asked, broker };
}

async function aTransaction(answers: Readonly<Record<string, Answer[]>>) {
  const { asked, broker } = aCoordinator(answers);
  const manager = createEosManager({
    logger: { debug: () => undefined },
    cluster: {
      retry: { initialRetryTime: 1, maxRetryTime: 1, retries: 5 },
      refreshMetadataIfNecessary: async () => undefined,
      findGroupCoordinator: async () => broker,
      findControllerBroker: async () => broker,
    },
    transactional: true,
    transactionalId: 'test',
  });
  await manager.initProducerId();
  manager.beginTransaction();
  return { asked, manager };
}

test('requests to the transaction coordinator are repeated while it is busy', async () => {
  const busy = ['CONCURRENT_TRANSACTIONS', 'GROUP_LOAD_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP'];
  const { asked, manager } = await aTransaction({
    addPartitionsToTxn: [...busy],
    addOffsetsToTxn: [...busy],
    endTxn: [...busy],
  });
  await manager.addPartitionsToTransaction([{ topic: 't', partitions: [{ partition: 0 }] }]);
  await manager.sendOffsets({ consumerGroupId: 'group', topics: [] });
  await manager.commit();
  for (const kind of ['addPartitionsToTxn', 'addOffsetsToTxn', 'endTxn']) {
    assert.equal(asked.filter((name) => name === kind).length, busy.length + 1, kind);
  }
});

test('an abort is repeated while the transaction coordinator is busy', async () => {
  const { asked, manager } = await aTransaction({ endTxn: ['CONCURRENT_TRANSACTIONS'] });
  await manager.addPartitionsToTransaction([{ topic: 't', partitions: [{ partition: 0 }] }]);
  await manager.abort();
  assert.equal(asked.filter((name) => name === 'endTxn').length, 2);
});

test('an error that does not pass is not repeated', async () => {
  const { asked, manager } = await aTransaction({ addOffsetsToTxn: ['INVALID_PRODUCER_EPOCH'] });
  await assert.rejects(manager.sendOffsets({ consumerGroupId: 'group', topics: [] }), {
    type: 'INVALID_PRODUCER_EPOCH',
  });
  assert.equal(asked.filter((name) => name === 'addOffsetsToTxn').length, 1);
});

test("an offset commit in a transaction is repeated on the names kafkajs gives a group coordinator's errors", async () => {
  const passing = ['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP'];
  const { asked, manager } = await aTransaction({ txnOffsetCommit: [...passing] });
  await manager.sendOffsets({ consumerGroupId: 'group', topics: [] });
  assert.equal(asked.filter((name) => name === 'txnOffsetCommit').length, passing.length + 1);
});

test('a sequence number wraps to 0 after its largest value, and an undone send brings the one before back', async () => {
  const { manager } = await aTransaction({});
  // Kafka's DefaultRecordBatch.incrementSequence(2147483597, 100) is 49.
  manager.updateSequence('t', 0, 2_147_483_597);
  manager.updateSequence('t', 0, 100);
  assert.equal(manager.getSequence('t', 0), 49);
  manager.updateSequence('t', 0, -100);
  assert.equal(manager.getSequence('t', 0), 2_147_483_597);
});

test('a request queue sets no timer where nothing waits, and none in the past', () => {
  const queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1, enforceRequestTimeout: false });
  queue.scheduleCheckPendingRequests();
  assert.equal(queue.throttleCheckTimeoutId, null);
  queue.throttledUntil = Date.now() + 60_000;
  queue.scheduleCheckPendingRequests();
  assert.notEqual(queue.throttleCheckTimeoutId, null);
  clearTimeout(queue.throttleCheckTimeoutId ?? undefined);
});

test('a batch of 200 000 records is read', async () => {
  const count = 200_000;
  const records = Array.from({ length: count }, (_, offsetDelta) =>
    encodeRecord({ offsetDelta, value: Buffer.from('v') }),
  );
  const batch = await recordBatch.RecordBatch({ lastOffsetDelta: count - 1, records });
  const sized = new Encoder().writeInt32(batch.buffer.length).writeEncoder(batch);
  assert.equal((await decodeMessages(new Decoder(sized.buffer))).length, count);
});
