import type { Protection } from '../protection.ts';

const TEST_FILE = 'lib/kafka/kafkajs-patches.test.ts';
const SRC = 'node_modules/kafkajs/src';
const FILTER = `${SRC}/consumer/filterAbortedMessages.js`;
const EOS = `${SRC}/producer/eosManager/index.js`;
const BUSY_TEST = 'requests to the transaction coordinator are repeated while it is busy';

const STEADY: Pick<Protection, 'testFile'> = { testFile: TEST_FILE };

/** Each change of patches/ undone: what stands there is what kafkajs 2.2.4 publishes. */
export const KAFKAJS: readonly Protection[] = [
  {
    name: 'kafkajs: no default offset over a position that is not in the log',
    against: 'records passed over in silence, and counters and intent lost with the committed metadata',
    file: `${SRC}/consumer/consumerGroup.js`,
    find: '      // Going on elsewhere would skip or repeat records, and the committed metadata would be lost\n      throw e',
    replace: '      await this.offsetManager.setDefaultOffset({ topic: e.topic, partition: e.partition })',
    testFile: 'test/pipeline/kafka-client.test.ts',
    testName: 'a consumer whose position is no longer in the log ends with a message, and the position stays',
  },
  {
    ...STEADY,
    name: 'kafkajs: aborted transactions in the order of their first offsets',
    against: 'records of an aborted transaction that ended later than it began',
    file: FILTER,
    find: '\n    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0))',
    replace: '',
    testName: 'filterAbortedMessages() starts a transaction that ended after one that began later',
  },
  {
    ...STEADY,
    name: 'kafkajs: several aborted transactions before one record',
    against: 'records of a second aborted transaction that began before the first record read',
    file: FILTER,
    find: 'while (next < waiting.length && waiting[next].firstOffset <= offset) {',
    replace: 'if (next < waiting.length && waiting[next].firstOffset <= offset) {',
    testName: 'filterAbortedMessages() starts two transactions that both began before the first record read',
  },
  {
    ...STEADY,
    name: 'kafkajs: only a control record ends a transaction',
    against: "records of an aborted transaction after one that has a marker's key",
    file: FILTER,
    find: 'Boolean(isControlRecord) && key != null',
    replace: 'key != null',
    testName: "filterAbortedMessages() takes no user's record for the end of a transaction",
  },
  {
    ...STEADY,
    name: 'kafkajs: no timer in the past',
    against: 'timers of a negative time for every request',
    file: `${SRC}/network/requestQueue/index.js`,
    find: `      if (scheduleAt <= 0) {
        // Neither throttled nor anything waiting: nothing to check later
        if (this.pending.length === 0) return
        scheduleAt = CHECK_PENDING_REQUESTS_INTERVAL
      }`,
    replace: `      if (this.pending.length > 0) {
        scheduleAt = scheduleAt > 0 ? scheduleAt : CHECK_PENDING_REQUESTS_INTERVAL
      }`,
    testName: 'a request queue sets no timer where nothing waits, and none in the past',
  },
  {
    ...STEADY,
    name: "kafkajs: a group coordinator's passing errors in a transaction",
    against: 'a transaction that fails because a group coordinator loads',
    file: EOS,
    find: "['UNKNOWN_TOPIC_OR_PARTITION', 'GROUP_LOAD_IN_PROGRESS']",
    replace: "['UNKNOWN_TOPIC_OR_PARTITION', 'COORDINATOR_LOAD_IN_PROGRESS']",
    testName:
      "an offset commit in a transaction is repeated on the names kafkajs gives a group coordinator's errors",
  },
  {
    ...STEADY,
    name: "kafkajs: a group coordinator's move in a transaction",
    against: 'a transaction that fails because a group coordinator moved',
    file: EOS,
    find: `[
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]

/**`,
    replace: `['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']

/**`,
    testName:
      "an offset commit in a transaction is repeated on the names kafkajs gives a group coordinator's errors",
  },
  ...(
    [
      [
        'AddPartitionsToTxn',
        `          await askCoordinator(broker =>
            broker.addPartitionsToTxn({ transactionalId, producerId, producerEpoch, topics })
          )`,
        `          const broker = await findTransactionCoordinator()
          await broker.addPartitionsToTxn({ transactionalId, producerId, producerEpoch, topics })`,
      ],
      [
        'AddOffsetsToTxn',
        `        await askCoordinator(broker =>
          broker.addOffsetsToTxn({`,
        `        await findTransactionCoordinator().then(broker =>
          broker.addOffsetsToTxn({`,
      ],
      [
        'EndTxn of a commit',
        `        await askCoordinator(broker =>
          broker.endTxn({
            producerId,
            producerEpoch,
            transactionalId,
            transactionResult: true,`,
        `        await findTransactionCoordinator().then(broker =>
          broker.endTxn({
            producerId,
            producerEpoch,
            transactionalId,
            transactionResult: true,`,
      ],
      [
        'EndTxn of an abort',
        `        await askCoordinator(broker =>
          broker.endTxn({
            producerId,
            producerEpoch,
            transactionalId,
            transactionResult: false,`,
        `        await findTransactionCoordinator().then(broker =>
          broker.endTxn({
            producerId,
            producerEpoch,
            transactionalId,
            transactionResult: false,`,
      ],
    ] as const
  ).map(([request, find, replace]) => ({
    ...STEADY,
    name: `kafkajs: ${request} is repeated while the coordinator is busy`,
    against: 'a transaction that fails because the markers of the last one are still being written',
    file: EOS,
    find,
    replace,
    testName: request.endsWith('abort')
      ? 'an abort is repeated while the transaction coordinator is busy'
      : BUSY_TEST,
  })),
  {
    ...STEADY,
    name: 'kafkajs: sequence numbers wrap',
    against: 'a producer that the broker refuses after 2^31 records to a partition',
    file: EOS,
    find: `        const SEQUENCES = INT_32_MAX_VALUE + 1
        sequence = ((sequence % SEQUENCES) + SEQUENCES) % SEQUENCES`,
    replace: `        if (sequence >= INT_32_MAX_VALUE) {
          sequence = 0
        }`,
    testName:
      'a sequence number wraps to 0 after its largest value, and an undone send brings the one before back',
  },
  {
    ...STEADY,
    name: 'kafkajs: records are grouped in one pass',
    against: 'a send that takes a time quadratic in its records',
    file: `${SRC}/producer/groupMessagesPerPartition.js`,
    find: `    if (result[partition]) {
      result[partition].push(message)
    } else {
      result[partition] = [message]
    }
    return result`,
    replace: `    const current = result[partition] || []
    return Object.assign(result, { [partition]: [...current, message] })`,
    testName: 'groupMessagesPerPartition() keeps the order of messages and copies no list per message',
  },
  {
    ...STEADY,
    name: 'kafkajs: a large batch is read without a spread',
    against: 'a batch that overflows the stack and cannot be read',
    file: `${SRC}/protocol/requests/fetch/v4/decodeMessages.js`,
    find: 'for (const record of recordBatch.records) records.push(record)',
    replace: 'records.push(...recordBatch.records)',
    testName: 'a batch of 200 000 records is read',
  },
];
