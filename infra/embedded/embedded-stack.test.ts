import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { Kafka, logLevel } from 'kafkajs';
import { type EmbeddedStack, startEmbeddedStack } from './embedded-stack.ts';
import { isSameProcess, parseIdentity, processIdentity } from './process-identity.ts';
import { awaitPredecessor } from './supervised-process.ts';

const PATIENCE = { timeout: 120_000 };
const REPOSITORY = join(import.meta.dirname, '..', '..');

function dataDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-stack-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A stack on free ports that is stopped after the test; `said` is its progress. */
async function startStack(t: TestContext, dataDir: string): Promise<EmbeddedStack & { said: string[] }> {
  const said: string[] = [];
  const progress = (text: string) => said.push(text);
  const stack = await startEmbeddedStack({ dataDir, kafkaPort: 0, clickhousePort: 0, progress });
  t.after(() => stack.stop());
  return Object.assign(stack, { said });
}

function kafkaOf(stack: EmbeddedStack): Kafka {
  return new Kafka({ brokers: [...stack.brokers], logLevel: logLevel.NOTHING });
}

async function createTopic(stack: EmbeddedStack, topic: string): Promise<void> {
  const admin = kafkaOf(stack).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
}

async function produce(stack: EmbeddedStack, topic: string, value: string): Promise<void> {
  const producer = kafkaOf(stack).producer();
  await producer.connect();
  await producer.send({ topic, acks: -1, messages: [{ value }] });
  await producer.disconnect();
}

/** The first `count` values of a topic, by a group of its own. */
async function consume(
  stack: EmbeddedStack,
  topic: string,
  groupId: string,
  count: number,
): Promise<string[]> {
  const values: string[] = [];
  const consumer = kafkaOf(stack).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const received = new Promise<void>((resolve, reject) => {
    // kafkajs calls it a crash that a coordinator is still loading, and starts over by itself.
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      values.push(String(message.value));
      if (values.length === count) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  try {
    await received;
    return values;
  } finally {
    await consumer.disconnect();
  }
}

async function withClickHouse<Result>(
  stack: EmbeddedStack,
  use: (client: ClickHouseClient) => Promise<Result>,
) {
  const client = createClient({ url: stack.clickhouseUrl });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function total(stack: EmbeddedStack): Promise<unknown> {
  return withClickHouse(stack, async (client) => {
    const answer = await client.query({
      query: 'SELECT count() AS n, sum(id) AS s FROM kept',
      format: 'JSONEachRow',
    });
    return (await answer.json())[0];
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(20);
}

test(
  'startEmbeddedStack() keeps what was written over a stop and over the death of its servers',
  PATIENCE,
  async (t) => {
    const dataDir = dataDirectory(t);
    const first = await startStack(t, dataDir);
    await createTopic(first, 'kept');
    await produce(first, 'kept', 'one');
    assert.deepEqual(await consume(first, 'kept', 'group', 1), ['one']);
    await withClickHouse(first, async (client) => {
      await client.command({ query: 'CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id' });
      await client.insert({ table: 'kept', values: [{ id: '3' }, { id: '4' }], format: 'JSONEachRow' });
    });

    await t.test('a second instance on the same directory is refused', async () => {
      const second = startEmbeddedStack({ dataDir, kafkaPort: 0, clickhousePort: 0, progress: () => {} });
      await assert.rejects(second, {
        name: 'ConfigError',
        message: /locked by another instance \(pid \d+\)/,
      });
    });

    await t.test('a taken port is refused, and the other server is stopped', async () => {
      const other = dataDirectory(t);
      const clickhousePort = Number(new URL(first.clickhouseUrl).port);
      await assert.rejects(
        startEmbeddedStack({ dataDir: other, kafkaPort: 0, clickhousePort, progress: () => {} }),
        {
          name: 'ConfigError',
          message: `Cannot start ClickHouse: port ${clickhousePort} is in use by another program. Stop that program, or set CAIRN_CLICKHOUSE_PORT to another port (0 picks a free one)`,
        },
      );
      assert.equal(existsSync(join(other, 'kafka', 'pid')), false);
      assert.equal(existsSync(join(other, 'lock')), false);
    });

    const pids = [first.kafkaPid, first.clickhousePid];
    await first.stop();
    for (const pid of pids) assert.equal(processIdentity(pid), undefined);
    assert.deepEqual(
      first.said.filter((line) => line.includes('restarting')),
      [],
    );

    const second = await startStack(t, dataDir);
    assert.deepEqual(await total(second), { n: 2, s: 7 });
    await produce(second, 'kept', 'two');
    assert.deepEqual(await consume(second, 'kept', 'group', 1), ['two']);

    const { kafkaPid, clickhousePid } = second;
    process.kill(kafkaPid, 'SIGKILL');
    process.kill(clickhousePid, 'SIGKILL');
    await until(() => second.said.includes('Kafka is back') && second.said.includes('ClickHouse is back'));
    assert.notEqual(second.kafkaPid, kafkaPid);
    assert.notEqual(second.clickhousePid, clickhousePid);
    assert.deepEqual(await total(second), { n: 2, s: 7 });
    assert.deepEqual(await consume(second, 'kept', 'another', 2), ['one', 'two']);
    await second.stop();
  },
);

/** A process that runs a stack and prints a line when it is up and for each line of progress; SIGINT stops it. */
function startParent(t: TestContext, dataDir: string) {
  const script = `
    import { startEmbeddedStack } from '#infra/embedded/embedded-stack.ts';
    const options = { dataDir: ${JSON.stringify(dataDir)}, kafkaPort: 0, clickhousePort: 0, progress: console.log };
    const stack = await startEmbeddedStack(options);
    process.once('SIGINT', async () => {
      await stack.stop();
      console.log('stopped');
    });
    console.log('up');
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: REPOSITORY,
    // A process group of its own, as a shell gives to a command.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const said: string[] = [];
  createInterface({ input: parent.stdout }).on('line', (line) => said.push(line));
  return { parent, said };
}

test(
  'a parent killed with SIGKILL leaves no orphan, and the next one starts at once',
  PATIENCE,
  async (t) => {
    const dataDir = dataDirectory(t);
    const { parent, said } = startParent(t, dataDir);
    await until(() => said.includes('up'));
    const children = ['kafka', 'clickhouse'].map(
      (name) => parseIdentity(readFileSync(join(dataDir, name, 'pid'), 'utf8'))!,
    );
    for (const child of children) assert.equal(isSameProcess(child), true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const next = await startStack(t, dataDir);
    for (const child of children) assert.equal(isSameProcess(child), false);
    await next.stop();
  },
);

test('a Ctrl-C that reaches the whole process group stops the servers in order', PATIENCE, async (t) => {
  const dataDir = dataDirectory(t);
  const { parent, said } = startParent(t, dataDir);
  await until(() => said.includes('up'));
  const exit = once(parent, 'exit');
  process.kill(-parent.pid!, 'SIGINT');
  assert.deepEqual(await exit, [0, null]);
  await until(() => said.includes('stopped'));
  assert.deepEqual(
    said.filter((line) => line.includes('restarting')),
    [],
  );
  for (const name of ['kafka', 'clickhouse']) await awaitPredecessor(join(dataDir, name, 'pid'));
});

test('an aborted start leaves nothing running', PATIENCE, async (t) => {
  const dataDir = dataDirectory(t);
  const giveUp = new AbortController();
  const starting = startEmbeddedStack({
    dataDir,
    kafkaPort: 0,
    clickhousePort: 0,
    progress: () => {},
    signal: giveUp.signal,
  });
  const pidFile = join(dataDir, 'kafka', 'pid');
  await until(() => existsSync(pidFile));
  const kafka = parseIdentity(readFileSync(pidFile, 'utf8'))!;
  giveUp.abort(new Error('enough'));
  await assert.rejects(starting, { message: 'enough' });
  assert.equal(isSameProcess(kafka), false);
  assert.equal(existsSync(join(dataDir, 'lock')), false);
});

test('nothing is embedded where servers are given', async (t) => {
  const stack = await startEmbeddedStack({
    dataDir: dataDirectory(t),
    kafkaPort: 0,
    clickhousePort: 0,
    progress: () => {},
    external: { brokers: ['kafka:9092'], clickhouseUrl: 'http://clickhouse:8123' },
  });
  const { brokers, clickhouseUrl, kafkaPid, clickhousePid } = stack;
  await stack.stop();
  assert.deepEqual(
    { brokers, clickhouseUrl, kafkaPid, clickhousePid },
    { brokers: ['kafka:9092'], clickhouseUrl: 'http://clickhouse:8123', kafkaPid: 0, clickhousePid: 0 },
  );
});
