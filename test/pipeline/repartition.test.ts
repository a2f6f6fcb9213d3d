import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type Admin, Partitioners, type Producer } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { isTooLarge } from '#lib/kafka/too-large.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { partitionOf } from '#schemas/ids.ts';
import type { Generation } from '#schemas/types.ts';
import { GenerationLog } from '../../cli/generations/generation-log.ts';
import { openKafka } from '../../cli/kafka-access.ts';
import { tickMessage } from '../../cli/repartition/copy-requests.ts';
import { LogTicks, sealLog } from '../../cli/repartition/seal-log.ts';
import { readRunFile } from '../../cli/run-file.ts';
import { runCairn, spawnCairn } from '../support/cairn.ts';
import { type CollectorProcess, startCollectorProcess } from '../support/collector-process.ts';
import { until } from '../support/until.ts';

const OLD_PARTITIONS = 4;
const NEW_PARTITIONS = 6;
const DEVICES = 12;
const FIRST_TRAFFIC_DEVICE = 1000;
const TRAFFIC_DEVICES = 8;
const PAUSED_DEVICE = 5000;
const PAUSED_REQUESTS = 40;
/** A replay on a machine that is busy. */
const PATIENCE_MS = 300_000;

let env: Record<string, string>;
let dataDir: string;
let up: ChildProcess;
let ready: { clickhouse: string; kafka: string; collector: string };
let admin: Admin;
let producer: Producer;
let reader: PartitionReader;
let paused: CollectorProcess;
let traffic: Traffic;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-repartition-'));
  env = {
    CAIRN_DATA_DIR: dataDir,
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
    CAIRN_GENERATION: '',
    CAIRN_TICK_AFTER_MS: '1000',
  };
  up = spawnCairn(['up', '--json'], env);
  up.stderr?.resume();
  const lines = createInterface({ input: up.stdout as NodeJS.ReadableStream });
  ready = JSON.parse(await new Promise<string>((resolve) => lines.once('line', resolve)));
  const log = createLogger('test', 'silent');
  const kafka = createKafka({ clientId: 'test', brokers: [ready.kafka], log });
  admin = kafka.admin();
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  reader = await PartitionReader.open({ brokers: [ready.kafka], clientId: 'test', log });
  paused = await startCollectorProcess({ CAIRN_KAFKA_BROKERS: ready.kafka });
});

after(async () => {
  await traffic?.stop();
  await paused?.process.stop(5000);
  await Promise.all([admin?.disconnect(), producer?.disconnect(), reader?.close()]);
  up.kill('SIGTERM');
  await new Promise((resolve) => up.once('exit', resolve));
  await rm(dataDir, { recursive: true, force: true });
});

async function query<Row>(sql: string): Promise<Row[]> {
  const response = await fetch(new URL('/?default_format=JSONEachRow', ready.clickhouse), {
    method: 'POST',
    body: sql,
  });
  const answer = await response.text();
  assert.equal(response.status, 200, answer);
  return answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

async function cairn(...args: string[]) {
  const { code, stdout, stderr } = await runCairn(args, env);
  assert.equal(code, 0, `cairn ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** A replay whose lines are looked at as they come. */
function startReplay(...args: string[]) {
  const child = spawnCairn(['replay', '--json', ...args], env);
  const stderr = text(child.stderr as NodeJS.ReadableStream);
  const events: Record<string, unknown>[] = [];
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => events.push(JSON.parse(line)));
  let hasEnded = false;
  const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  exit.then(() => {
    hasEnded = true;
  });
  return {
    child,
    stderr,
    exit,
    events,
    async said(event: string): Promise<Record<string, unknown>> {
      const find = () => events.find((one) => one['event'] === event);
      await until(`the replay to say ${event}`, () => find() !== undefined || hasEnded, PATIENCE_MS);
      const found = find();
      if (found === undefined) throw new Error(`The replay ended with ${await exit}: ${await stderr}`);
      return found;
    },
  };
}

async function post(url: string, path: string, body: object): Promise<number> {
  const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

/** Clients that send one event after the other, numbered, each when the one before was acknowledged. */
class Traffic {
  readonly acknowledged = new Map<number, number[]>();
  readonly errors: number[] = [];
  slowestMs = 0;
  #isOver = false;
  readonly #clients: Promise<unknown>;

  constructor(url: string) {
    const clients = Array.from({ length: TRAFFIC_DEVICES }, (_, index) =>
      this.#send(url, FIRST_TRAFFIC_DEVICE + index),
    );
    this.#clients = Promise.all(clients);
    this.#clients.catch(() => {});
  }

  get sent(): number {
    return [...this.acknowledged.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#clients;
  }

  async #send(url: string, device: number): Promise<void> {
    const own: number[] = [];
    this.acknowledged.set(device, own);
    for (let n = 0; !this.#isOver; n += 1) {
      const sinceMs = performance.now();
      // Without an idempotency key: an event that is written twice shows.
      const status = await post(url, '/api/track', {
        app_id: '11',
        user_id: String(device),
        event: 'Load',
        properties: { n },
      });
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sinceMs);
      if (status === 200) own.push(n);
      else this.errors.push(status);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Answers that readers get about the devices of the history. */
async function answers() {
  const funnel = JSON.parse(await cairn('funnel', '--step', 'Signup', '--step', 'Purchase', '--json'));
  const people = await query(
    `SELECT count() AS events, uniqExact(user_id) AS users, uniqExact(session_id) AS sessions
FROM main_production.all_events WHERE device_id <= ${DEVICES}`,
  );
  const sessions = await query(
    `SELECT session_id, user_id, time FROM main_production.sessions WHERE user_id > 0 ORDER BY session_id`,
  );
  const users = await query(
    `SELECT user_id, identity FROM main_production.users WHERE identity != '' ORDER BY user_id`,
  );
  return { steps: funnel.steps ?? funnel, people, sessions, users };
}

let before_: Awaited<ReturnType<typeof answers>>;

test('a replay to more partitions that is killed goes on when it is run again', async () => {
  const history = Array.from({ length: DEVICES }, async (_, index) => {
    const device = index + 1;
    const person = { app_id: '11', user_id: String(device) };
    assert.equal(await post(ready.collector, '/api/track', { ...person, event: 'Signup' }), 200);
    const identity = `person ${device % 10}`;
    assert.equal(await post(ready.collector, '/api/v1/identify', { ...person, identity }), 200);
    const isBuyer = device % 3 === 0;
    if (isBuyer)
      assert.equal(
        await post(ready.collector, '/api/track', { app_id: '11', identity, event: 'Purchase' }),
        200,
      );
  });
  await Promise.all(history);
  await cairn('verify');
  before_ = await answers();
  traffic = new Traffic(ready.collector);
  await until('some traffic', () => traffic.sent > 100);

  const first = startReplay('--partitions', String(NEW_PARTITIONS));
  await first.said('copied');
  first.child.kill('SIGKILL');
  await first.exit;
  const other = await runCairn(['replay', '--partitions', '8'], env);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /generation 2 is being built with 6/);
  const half = await runCairn(['generations', 'switch', '2', '--force'], env);
  assert.match(half.stderr, /collectors do not write to events.collected.r2 yet/);
});

let pausedAnswers: number[];

test('the log moves beside live traffic, and a collector that was paused meanwhile follows', async () => {
  const second = startReplay('--partitions', String(NEW_PARTITIONS));
  await second.said('compared');
  // Some of these are on their way to the log when the collector stops.
  const answers = Array.from({ length: PAUSED_REQUESTS }, (_, n) =>
    post(paused.url, '/api/track', {
      app_id: '11',
      user_id: String(PAUSED_DEVICE + (n % 8)),
      event: 'Paused',
      properties: { n },
    }),
  );
  await Promise.race(answers);
  process.kill(paused.process.pid, 'SIGSTOP');
  const moved = await second.said('moved');
  process.kill(paused.process.pid, 'SIGCONT');
  const code = await second.exit;
  assert.equal(code, 0, await second.stderr);
  assert.match(await second.stderr, /Going on with generation 2/);
  assert.deepEqual([moved['revision'], moved['partitions']], [2, NEW_PARTITIONS]);
  pausedAnswers = await Promise.all(answers);
  process.stderr.write(
    `moved: nobody could write for ${moved['closedMs']} ms; slowest request ${Math.round(traffic.slowestMs)} ms\n`,
  );
  const sentBefore = traffic.sent;
  await until('traffic to go on', () => traffic.sent > sentBefore + 50);
  await traffic.stop();
  assert.deepEqual(traffic.errors, []);
});

test('every acknowledged event is there once, in order, and the books close', async () => {
  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation, verdict.problems], [true, 2, []]);
  const rows = await query<{ device: number; all: number[] }>(
    `SELECT device_id AS device, arraySort(groupArray(toUInt32(properties.n))) AS all FROM cairn.resolved_events
WHERE name = 'Load' GROUP BY device_id`,
  );
  assert.deepEqual(new Map(rows.map(({ device, all }) => [Number(device), all])), traffic.acknowledged);

  const inLog = new Map<number, number[]>();
  for (const partition of await reader.partitions('events.collected.r2')) {
    const topic = 'events.collected.r2';
    const { start, end } = await reader.bounds(topic, partition);
    for await (const { messages } of reader.read({ topic, partition, from: start, to: end })) {
      for (const { key, value } of messages) {
        const { name, device_id, properties, kind } = collectedCodec.decode(value);
        if (kind !== 'tick') assert.equal(partition, partitionOf(key as Buffer, NEW_PARTITIONS));
        if (name === 'Load') inLog.getOrInsertComputed(device_id, () => []).push(JSON.parse(properties).n);
      }
    }
  }
  assert.deepEqual(inLog, traffic.acknowledged);
  assert.deepEqual(await answers(), before_);
});

test('what a paused collector had not acknowledged arrives once, and it cannot write to the sealed log', async () => {
  const accepted = pausedAnswers.flatMap((status, n) => (status === 200 ? [n] : []));
  const [row] = await query<{ all: number[] }>(
    `SELECT arraySort(groupArray(toUInt32(properties.n))) AS all FROM cairn.resolved_events WHERE name = 'Paused'`,
  );
  assert.deepEqual(
    accepted.filter((n) => !row?.all.includes(n)),
    [],
  );
  assert.equal(new Set(row?.all).size, row?.all.length);
  assert.equal(await post(paused.url, '/api/track', { app_id: '11', user_id: '77', event: 'After' }), 200);
  for (let partition = 0; partition < OLD_PARTITIONS; partition += 1) {
    await assert.rejects(
      producer.send({ topic: 'events.collected', messages: [tickMessage(partition, Date.now())] }),
      (error) => isTooLarge(error),
    );
  }
});

test('there is no way back to the old log, and everything works on the new one', async () => {
  const back = await runCairn(['generations', 'switch', '1', '--force'], env);
  assert.equal(back.code, 1);
  assert.match(
    back.stderr,
    /it reads events.collected, which was sealed when the log was moved to events.collected.r2/,
  );
  assert.equal(readRunFile(dataDir)?.generation, 2);
  const status = JSON.parse(await cairn('status', '--json'));
  assert.deepEqual([status.ready, status.partitions], [true, NEW_PARTITIONS]);
  const tail = await cairn('tail', '--from-beginning', '--limit', '5', '--json');
  assert.match(tail, /events\.collected\.r2/);
  await cairn('dead-letters', 'list');

  const third = startReplay();
  assert.equal(await third.exit, 0, await third.stderr);
  await cairn('generations', 'drop', '2');
  const dropped = await runCairn(['generations', 'drop', '1'], env);
  assert.match(dropped.stderr, /No generation reads events.collected any more. It is kept, sealed/);
  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation], [true, 3]);
});

/** What a command leaves behind that is killed after it has sealed the log. */
async function sealAs(generation: number): Promise<void> {
  const kafka = await openKafka([ready.kafka]);
  const log = new GenerationLog({ access: kafka, brokers: [ready.kafka] });
  const ticks = new LogTicks([ready.kafka]);
  try {
    const known = (await log.generations()).get(generation) as Generation;
    await log.writeGeneration({ ...known, log_sealed_at: Date.now() });
    await sealLog(kafka, ticks, 'events.collected.r2');
  } finally {
    await ticks.close();
    await kafka.close();
  }
}

const postAfter = (device: number) =>
  post(ready.collector, '/api/track', { app_id: '11', user_id: String(device), event: 'After' });

test('an unfinished move is dropped: the log takes records again, and the copy is gone', async () => {
  const move = startReplay('--partitions', '2', '--no-switch');
  await move.said('copied');
  move.child.kill('SIGINT');
  assert.equal(await move.exit, 130, await move.stderr);
  await sealAs(4);
  const held = postAfter(78);
  await cairn('generations', 'drop', '4');
  assert.equal(await held, 200);
  assert.deepEqual(
    (await admin.listTopics()).filter((topic) => topic.endsWith('.r3') || topic.endsWith('.g4')),
    [],
  );
  assert.equal(await postAfter(79), 200);
});

test('a move that was stopped after the log was sealed is finished by the next replay', async () => {
  const move = startReplay('--partitions', '2', '--no-switch');
  assert.equal(await move.exit, 0, await move.stderr);
  await sealAs(5);
  const held = postAfter(80);
  const next = startReplay();
  const moved = await next.said('moved');
  assert.deepEqual([moved['revision'], moved['partitions']], [4, 2]);
  assert.equal(await next.exit, 0, await next.stderr);
  // It may have been held for longer than the collector lets a client wait.
  assert.ok([200, 503].includes(await held));
  assert.equal(await postAfter(81), 200);
  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation], [true, 5]);
  const rows = await query<{ device: number; events: number }>(
    `SELECT device_id AS device, count() AS events FROM cairn.resolved_events WHERE name = 'After' GROUP BY device_id`,
  );
  const byDevice = new Map(rows.map(({ device, events }) => [Number(device), Number(events)]));
  for (const device of [77, 78, 79, 81]) assert.equal(byDevice.get(device), 1, `device ${device}`);
  if ((await held) === 200) assert.equal(byDevice.get(80), 1);
});
