/** What Cairn adds to kafkajs, where only a broker shows whether it holds. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { ConfigError } from '#lib/errors.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { runConsumer } from '#lib/kafka/run-consumer.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const TOPIC = 'events.collected';
const log = createLogger('test', 'silent');

let backend: Backend;
let kafka: Kafka;

before(async () => {
  backend = await startBackend();
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
});

after(() => backend?.stop());

test('services that create the same topics at the same moment do not get in each other’s way', async () => {
  const open = () => waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  const admins = await Promise.all([open(), open(), open(), open()]);
  try {
    for (let generation = 1; generation <= 5; generation += 1) {
      const options = { generation, partitions: 4, replicationFactor: 1 };
      await Promise.all(admins.map((admin) => ensureTopics(admin, options)));
    }
  } finally {
    await Promise.all(admins.map((admin) => admin.disconnect()));
  }
});

/** Runs a consumer whose first record ends in an error; resolves with the values that came, once `enough` says so. */
async function consume(groupId: string, error: Error) {
  const consumer = kafka.consumer({ groupId, retry: { retries: 2 } });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  let tries = 0;
  let failure: unknown;
  const eachMessage = async () => {
    tries += 1;
    if (tries === 1) throw error;
  };
  const running = await runConsumer(consumer, { eachMessage }, { log, fail: (reason) => (failure = reason) });
  try {
    await until('the record to come again, or the end', () => tries > 1 || failure !== undefined, 30_000);
    return { tries, failure };
  } finally {
    await running.stop();
  }
}

test('a consumer that kafkajs gave up for an error that passes reads on, and one for a bug does not', async () => {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ value: 'one' }] });
  await producer.disconnect();
  const passing = new kafkajs.KafkaJSNonRetriableError('Failed to find group coordinator');
  assert.deepEqual(await consume('test.passing', passing), { tries: 2, failure: undefined });
  const bug = Object.assign(new kafkajs.KafkaJSNonRetriableError('a bug'), { cause: new TypeError('a bug') });
  const { tries, failure } = await consume('test.bug', bug);
  assert.equal(tries, 1);
  assert.match(String(failure), /a bug/);
});

test('a consumer whose position is no longer in the log ends with a message, and the position stays', async () => {
  const admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { partitions: 4, replicationFactor: 1 });
  const groupId = 'test.out-of-range';
  const consumer = kafka.consumer({ groupId, retry: { retries: 2 } });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
  await until('the consumer to have joined', async () => (await membersOf(admin, groupId)) > 0, 30_000);
  const beyond = [{ partition: 0, offset: '1000', metadata: 'what was known there' }];
  await consumer.commitOffsets(beyond.map((entry) => ({ topic: TOPIC, ...entry })));
  await consumer.stop();
  let failure: unknown;
  const running = await runConsumer(
    consumer,
    { autoCommit: false, eachMessage: async () => undefined },
    { log, fail: (reason) => (failure = reason) },
  );
  try {
    const error = await until('the consumer to end', () => failure);
    assert.ok(error instanceof ConfigError);
    assert.match(
      error.message,
      /^Cannot go on with events\.collected-0: the committed position is not in the topic/,
    );
    const [committed] = await admin.fetchOffsets({ groupId, topics: [TOPIC] });
    assert.deepEqual(
      committed?.partitions.filter(({ partition }) => partition === 0),
      beyond,
    );
  } finally {
    await running.stop();
    await admin.disconnect();
  }
});

async function membersOf(admin: Admin, groupId: string): Promise<number> {
  const { groups } = await admin.describeGroups([groupId]);
  return groups[0]?.members.length ?? 0;
}
