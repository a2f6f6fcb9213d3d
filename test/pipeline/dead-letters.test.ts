import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Admin, type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { encodeMetadata } from '#lib/streams/commit-metadata.ts';
import { encodeDeadLetter } from '#lib/streams/dead-letter.ts';
import { originHeaders } from '#lib/streams/origin.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf, recordKey } from '#schemas/ids.ts';
import { type TopicName, topicInKafka } from '#schemas/topics.ts';
import { type Supervisor, startSupervisor } from '../../cli/supervisor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { badRecords, goodEvent } from '../support/bad-records.ts';
import { runCairn } from '../support/cairn.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 2;
/** Within the retention of derived topics, which goes by the receive time. */
const T0 = Date.now() - 60 * 60 * 1000;
const log = createLogger('test', 'error');
const mainOf = (name: string) => fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url));

let backend: Backend;
let dataDir: string;
let kafka: Kafka;
let admin: Admin;
let producer: Producer;
let supervisor: Supervisor;
const notices: string[] = [];

const env = () => ({
  CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
  CAIRN_CLICKHOUSE_URL: backend.clickhouseUrl,
  CAIRN_PARTITIONS: String(PARTITIONS),
  CAIRN_DATA_DIR: dataDir,
  CAIRN_LOADER_FLUSH_MS: '50',
  CAIRN_LOG_LEVEL: 'error',
});

before(async () => {
  backend = await startBackend();
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-letters-'));
  kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: PARTITIONS, replicationFactor: 1 });
  producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await refuseAsAnEarlierRelease(REFUSED_DEVICE);
  supervisor = await startSupervisor(
    ['identity-merger', 'sessionizer', 'loader'].map((name) => ({
      name,
      main: mainOf(name),
      env: () => ({ ...process.env, ...env() }),
    })),
    {
      onChange: () => undefined,
      onLine: (name, line) => process.stderr.write(`${name}: ${line}\n`),
      onNotice: (text) => notices.push(text),
    },
    new AbortController().signal,
  );
});

after(async () => {
  await supervisor?.stop();
  await producer?.disconnect();
  await admin?.disconnect();
  await backend?.stop();
  if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true });
});

const REFUSED_DEVICE = 77;
const GIANT_BYTES = 1024 * 1024;

/** A merger that could not read a good record: its letter, and its commit past it. */
async function refuseAsAnEarlierRelease(device: number): Promise<void> {
  const key = recordKey(1, device);
  const partition = partitionOf(key, PARTITIONS);
  const value = collectedCodec.encode({ ...goodEvent(device, T0), name: 'Refused' });
  await producer.send({
    topic: 'events.collected',
    messages: [{ key, value, partition, timestamp: String(T0) }],
  });
  const merger = kafka.producer({ transactionalId: 'earlier', idempotent: true, maxInFlightRequests: 1 });
  await merger.connect();
  const transaction = await merger.transaction();
  const origin = { topic: 'events.collected', partition, offset: 0n };
  const letter = {
    stage: 'identity-merger',
    generation: 1,
    code: 'unknown_schema',
    message: 'A bug',
    key,
    value,
  };
  await transaction.send({
    topic: 'events.rejected',
    messages: [
      {
        key,
        partition,
        timestamp: String(T0),
        headers: originHeaders(origin),
        value: encodeDeadLetter({ ...letter, ...origin }),
      },
    ],
  });
  const metadata = encodeMetadata({ streamTime: 0, counts: { 'unknown.rejected': 1 } });
  await transaction.sendOffsets({
    consumerGroupId: 'identity-merger.g1',
    topics: [{ topic: 'events.collected', partitions: [{ partition, offset: '1', metadata } as never] }],
  });
  await transaction.commit();
  await merger.disconnect();
}

async function send(
  name: TopicName,
  records: readonly { key: Buffer; value: Buffer | null }[],
): Promise<void> {
  const messages = records.map(
    ({ key, value }): Message => ({
      key,
      value,
      partition: partitionOf(key, PARTITIONS),
      timestamp: String(T0),
    }),
  );
  // In order, and a giant record in a request of its own: it fills a batch.
  const topic = topicInKafka(name, 1, 1);
  for (let at = 0; at < messages.length; ) {
    const giant = messages.findIndex(({ value }, index) => index >= at && (value?.length ?? 0) > GIANT_BYTES);
    const end = giant === -1 ? messages.length : Math.max(giant, at + 1);
    await producer.send({ topic, messages: messages.slice(at, end) });
    at = end;
  }
}

const good = (device: number) => ({
  key: recordKey(1, device),
  value: collectedCodec.encode(goodEvent(device, T0)),
});

async function rows<Row>(sql: string): Promise<Row[]> {
  return createClickHouse({ url: backend.clickhouseUrl }).query<Row>(sql);
}

async function devices(where: string): Promise<number[]> {
  const found = await rows<{ device: number }>(
    `SELECT toUInt32(device_id) AS device FROM cairn.events WHERE ${where} ORDER BY device`,
  );
  return found.map(({ device }) => device);
}

async function cairn(...args: string[]) {
  const { code, stdout, stderr } = await runCairn([...args, '--json'], env());
  assert.notEqual(stdout, '', `cairn ${args.join(' ')}: ${stderr}`);
  return { code, answer: JSON.parse(stdout) };
}

async function verify(): Promise<void> {
  const { code, answer } = await cairn('verify', '--from-log');
  assert.deepEqual([code, answer.problems, answer.fromLog?.differences], [0, [], []]);
}

test('no bad record stops a stage, and the good ones around them arrive', async () => {
  const bad = badRecords(1000, T0);
  const mixed = bad.flatMap((record, index) => [record, good(index + 1)]);
  await send('events.collected', mixed);
  const handled = bad.filter(({ code }) => code === undefined).length;
  await until(
    'all good events',
    async () => (await devices("name = 'Good'")).filter((one) => one < 1000).length === bad.length,
  );
  await until('all odd events', async () => (await devices('device_id >= 1000')).length === handled);
  const rejected = bad.length - handled + 1;
  const { answer } = await until('all dead letters, which come after the rows of their range', async () => {
    const list = await cairn('dead-letters', 'list', '--limit', '1000');
    return list.answer.total >= rejected && list;
  });
  const found = answer.letters.filter(({ message }: { message: string }) => message !== 'A bug');
  assert.deepEqual(
    found.map(({ stage, code }: Record<string, string>) => `${stage} ${code}`).sort(),
    bad
      .flatMap(({ code, stage }) => (code === undefined ? [] : [`${stage ?? 'identity-merger'} ${code}`]))
      .sort(),
  );
  assert.deepEqual(notices, []);
  await verify();
});

test('no bad record of another writer on a derived topic stops a stage, nor its restore', async () => {
  const codes = ['empty_value', 'not_framed', 'unknown_schema', 'out_of_range', 'too_large'];
  const junk = badRecords(5000, T0).filter(({ code }) => codes.includes(code ?? ''));
  for (const name of [
    'events.identified',
    'profile.changes',
    'events.sessionized',
    'sessions',
    'identity.migrations',
  ] as const)
    await send(name, junk);
  const killed = new Set(supervisor.states().map(({ pid }) => pid));
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await until('the services to be ready again', () =>
    supervisor.states().every(({ ready, pid }) => ready && !killed.has(pid)),
  );
  await send('events.collected', [good(901), good(902)]);
  await until('the events after them', async () => (await devices('device_id IN (901, 902)')).length === 2);
  assert.equal(notices.length, 3, notices.join('\n'));
  await verify();
});

test('a letter is put back once, whoever asks how often, and counts as what became of it', async () => {
  const { answer: list } = await cairn(
    'dead-letters',
    'list',
    '--code',
    'unknown_schema',
    '--stage',
    'identity-merger',
  );
  const letter = list.letters.find(({ message }: { message: string }) => message === 'A bug');
  const { answer: shown } = await cairn('dead-letters', 'show', letter.id);
  assert.deepEqual(
    [shown.record.name, shown.kind, shown.origin],
    ['Refused', 'event', `events.collected-${letter.partition}@0`],
  );
  const { answer: dry } = await cairn('dead-letters', 'retry', letter.id, '--dry-run');
  assert.deepEqual(dry.retried, [{ id: letter.id, as: null }]);
  assert.deepEqual(await devices(`device_id = ${REFUSED_DEVICE}`), []);

  const attempts = await Promise.allSettled([1, 2].map(() => cairn('dead-letters', 'retry', letter.id)));
  const answers = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value.answer] : []));
  // One may have been fenced by the other and say so.
  assert.equal(answers.flatMap(({ retried }) => retried).length <= 1, true);
  const { code, answer: again } = await cairn('dead-letters', 'retry', letter.id);
  assert.deepEqual([code, again.retried.length + answers.flatMap(({ retried }) => retried).length], [0, 1]);
  await until('the event', async () => (await devices(`device_id = ${REFUSED_DEVICE}`)).length === 1);
  const [row] = await rows('SELECT origin_offset AS offset, name FROM cairn.events WHERE device_id = 77');
  assert.deepEqual(row, { offset: 0, name: 'Refused' });
  await verify();
});

test('a letter that is refused again becomes a new one that points to the first, and is counted once', async () => {
  const filters = ['--stage', 'loader', '--code', 'bad_properties'];
  const { answer: before } = await cairn('dead-letters', 'list', ...filters);
  const { answer } = await cairn('dead-letters', 'retry', ...filters);
  assert.equal(answer.retried.length, before.total);
  const { answer: after } = await until('the new letters', async () => {
    const list = await cairn('dead-letters', 'list', ...filters);
    return list.answer.total === before.total && list;
  });
  const idsOf = (letters: { id: string }[]) => letters.map(({ id }) => id).sort();
  assert.deepEqual(
    after.letters.map(({ retryOf }: { retryOf: string }) => retryOf).sort(),
    idsOf(before.letters),
  );

  const merged = ['--stage', 'identity-merger', '--code', 'wrong_key'];
  const { answer: mergedBefore } = await cairn('dead-letters', 'list', ...merged);
  await cairn('dead-letters', 'retry', ...merged);
  await until('the new letters of the merger', async () => {
    const { answer: now } = await cairn('dead-letters', 'list', ...merged);
    return (
      now.total === mergedBefore.total &&
      now.letters.every(({ retryOf }: { retryOf: string | null }) => retryOf !== null)
    );
  });
  await verify();
});

test('status and metrics count dead letters', async () => {
  const { answer: status } = await cairn('status');
  const { answer: list } = await cairn('dead-letters', 'list', '--limit', '1000');
  for (const stage of ['identity-merger', 'sessionizer', 'loader'])
    assert.equal(
      status.services.find(({ name }: { name: string }) => name === stage).deadLetters,
      list.letters.filter((letter: { stage: string }) => letter.stage === stage).length,
      stage,
    );
  const loader = supervisor.states().find(({ name }) => name === 'loader');
  const metrics = await (await fetch(new URL('/metrics', loader?.url))).text();
  assert.match(metrics, /cairn_stage_rejected_total\{[^}]*code="bad_properties"[^}]*\} [1-9]/);
});

test('a topic with another number of partitions is refused with its name and both numbers', async () => {
  await assert.rejects(
    ensureTopics(admin, { generation: 1, partitions: PARTITIONS + 1, replicationFactor: 1 }),
    /Cannot use topic events\.collected: it has 2 partitions and CAIRN_PARTITIONS is 3; set CAIRN_PARTITIONS=2/,
  );
});

for (const name of ['sessionizer', 'loader']) {
  test(`the ${name} ends with a message when a topic is deleted while it runs`, async () => {
    const generation = name === 'loader' ? 8 : 9;
    const child = fork(mainOf(name), {
      env: { ...process.env, ...env(), CAIRN_GENERATION: String(generation) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = Promise.all([text(child.stdout!), text(child.stderr!)]);
    await once(child, 'message');
    await admin.deleteTopics({ topics: [`events.sessionized.g${generation}`] });
    const [code] = await once(child, 'exit');
    assert.equal(code, 78);
    assert.match(
      (await output).join(''),
      new RegExp(`topic events\\.sessionized\\.g${generation} was deleted`),
    );
  });
}
