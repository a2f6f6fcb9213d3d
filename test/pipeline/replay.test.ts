import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Admin, Partitioners } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { keepAtLeast } from '#lib/kafka/keep-at-least.ts';
import { createLogger } from '#lib/service/logger.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { canonicalUserId, idempotencyHash, partitionOf, recordKey } from '#schemas/ids.ts';
import { DERIVED_TOPICS, topicInKafka } from '#schemas/topics.ts';
import type { Collected } from '#schemas/types.ts';
import type { TableComparison } from '../../cli/generations/compare-generations.ts';
import type { GenerationInfo } from '../../cli/generations/list-generations.ts';
import { readRunFile } from '../../cli/run-file.ts';
import { runCairn, spawnCairn } from '../support/cairn.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 4;
const DEVICES = 40;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Beyond the usual retention of derived topics: what a replay writes of it must not go before it is read. */
const LONG_AGO_MS = Date.now() - 30 * DAY_MS;
/** How long the derived topics of the first generation keep their records. */
const KEPT_MS = 60 * DAY_MS;
const RECENTLY_MS = Date.now() - DAY_MS;
/** Everybody's devices up to this one were identified as one person by mistake. */
const MISTAKEN = 6;
const SHARED = 'shared@example.com';
/** Between the two halves of the history. */
const FROM = new Date(RECENTLY_MS - DAY_MS).toISOString().slice(0, 16);

let env: Record<string, string>;
let dataDir: string;
let up: ChildProcess;
let ready: { clickhouse: string; kafka: string };
let admin: Admin;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-replay-'));
  env = {
    CAIRN_DATA_DIR: dataDir,
    CAIRN_HTTP_PORT: '0',
    CAIRN_KAFKA_PORT: '0',
    CAIRN_CLICKHOUSE_PORT: '0',
    CAIRN_KAFKA_BROKERS: '',
    CAIRN_CLICKHOUSE_URL: '',
    CAIRN_GENERATION: '',
  };
  up = spawnCairn(['up', '--json'], env);
  up.stderr?.resume();
  const lines = createInterface({ input: up.stdout as NodeJS.ReadableStream });
  ready = JSON.parse(await new Promise<string>((resolve) => lines.once('line', resolve)));
  const log = createLogger('test', 'silent');
  const kafka = createKafka({
    clientId: 'test',
    brokers: [ready.kafka],
    log,
  });
  admin = kafka.admin();
  await admin.connect();
  const producer = kafka.producer({
    idempotent: true,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  // Kafka looks for records beyond their retention 30 s after its start, which on a slow machine is before the live generation has
  // loaded what is old already when it is collected.
  for (const topic of DERIVED_TOPICS) await keepAtLeast(admin, topicInKafka(topic, 1), KEPT_MS, log);
  for (const startMs of [LONG_AGO_MS, RECENTLY_MS]) {
    const records = Array.from({ length: DEVICES }, (_, index) => historyOf(index + 1, startMs)).flat();
    records.sort((left, right) => left.received_at - right.received_at);
    await producer.send({
      topic: 'events.collected',
      messages: records.map((record) => {
        const key = recordKey(1, record.device_id);
        const partition = partitionOf(key, PARTITIONS);
        const value = collectedCodec.encode(record);
        return { key, value, partition, timestamp: String(record.received_at) };
      }),
    });
  }
  await producer.disconnect();
});

after(async () => {
  await admin?.disconnect();
  up.kill('SIGTERM');
  await new Promise((resolve) => up.once('exit', resolve));
  await rm(dataDir, { recursive: true, force: true });
});

type Sent = Partial<Collected> & Pick<Collected, 'device_id' | 'received_at'>;

/** Browsing in two visits that a late event joins, an identify in between, properties, and an event sent twice. */
function historyOf(device: number, startMs: number): Sent[] {
  const at = (minute: number, fields: Partial<Collected>, lateMinutes = 0): Sent => ({
    environment: 1,
    user_id: device,
    device_id: device,
    source: 'web',
    type: 'click',
    kind: 'event',
    name: `Step ${minute % 3}`,
    event_id: device * 1_000_000 + (startMs === LONG_AGO_MS ? 0 : 1000) + minute,
    time: startMs + minute * 60_000,
    received_at: startMs + (minute + lateMinutes) * 60_000,
    properties: `{"minute":${minute},"device":"d${device}"}`,
    ...fields,
  });
  const identity = device <= MISTAKEN ? SHARED : `person ${device % 9}`;
  const paid = { idempotency: idempotencyHash(`paid ${startMs}`), name: 'Paid' };
  return [
    at(0, {}),
    at(10, {}),
    at(11, paid),
    at(12, { kind: 'identify', identity, name: '' }),
    at(13, { kind: 'user_properties', properties: `{"plan":"p${device % 2}"}`, name: '' }),
    at(14, { kind: 'account_properties', account_id: `account ${device % 3}`, name: '' }),
    at(15, paid),
    at(60, {}),
    // Between the two visits, and later than the second.
    at(35, {}, 40),
    at(120, {}),
  ];
}

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

type ReplayLine = { event: string; generation: number; tables: TableComparison[]; leftOut: object };

async function replay(...args: string[]) {
  const { code, stdout, stderr } = await runCairn(['replay', '--json', ...args], env);
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ReplayLine);
  return { code, stderr, lines, compared: lines.find(({ event }) => event === 'compared') };
}

async function generations(): Promise<GenerationInfo[]> {
  return JSON.parse(await cairn('generations', '--json')).generations;
}

const statesOf = (list: readonly GenerationInfo[]) =>
  list.map(({ generation, state }) => `${generation} ${state}`);

async function retentionOf(topic: string): Promise<string | undefined> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }],
  });
  return resources[0]?.configEntries[0]?.configValue;
}

test('a replay that is stopped goes on where it was, and keeps what is older than the retention', async () => {
  const first = spawnCairn(['replay', '--json', '--no-switch'], env);
  const stderr = text(first.stderr as NodeJS.ReadableStream);
  const lines = createInterface({ input: first.stdout as NodeJS.ReadableStream });
  await new Promise((resolve) => lines.once('line', resolve));
  first.kill('SIGINT');
  assert.equal(await new Promise((resolve) => first.once('exit', resolve)), 130, await stderr);
  assert.deepEqual(statesOf(await generations()), ['2 building', '1 live']);

  const second = await replay('--no-switch');
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /Going on with generation 2/);
  assert.equal(await retentionOf('events.identified.g2'), '-1');
  assert.deepEqual(statesOf(await generations()), ['2 building', '1 live']);
});

test('a replay with unchanged code gives identical checksums of every table', async () => {
  const sums = async (generation: number) => {
    const [row] = await query<{ sum: string }>(
      `SELECT toString(sum(cityHash64(event_id, device_id, user_id, session_id, time, late, toJSONString(properties)))) AS sum
FROM cairn.events WHERE generation = ${generation}`,
    );
    return row?.sum;
  };
  assert.equal(await sums(2), await sums(1));
  const { compared, code, stderr } = await replay('--no-switch');
  assert.equal(code, 0, stderr);
  const tables = compared?.tables.map(({ table, equal, rows }) => [table, equal, rows[0] > 0, rows[1] > 0]);
  assert.deepEqual(
    tables,
    ['events', 'sessions', 'user_migrations', 'user_properties', 'account_properties'].map((table) => [
      table,
      true,
      true,
      true,
    ]),
  );
});

test('a generation that differs is not switched to, and the difference is named', async () => {
  const victim = 5_000_010;
  await query(`DELETE FROM cairn.events WHERE generation = 2 AND event_id = ${victim}`);
  const { code, stderr } = await replay('--timeout', '1s');
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`events of environment 1: rows .*; first: event ${victim} of device 5`));
  assert.deepEqual(statesOf(await generations()), ['2 building', '1 live']);
});

test('readers see the old generation or the new one, never a mix and never an error', async () => {
  const seen = new Set<string>();
  let reads = 0;
  let isOver = false;
  const reader = (async () => {
    while (!isOver) {
      const [row] = await query<Record<string, unknown>>(
        `SELECT arraySort(groupUniqArray(generation)) AS generations, count() AS events,
  uniqExact(user_id) AS users FROM cairn.resolved_events`,
      );
      seen.add(JSON.stringify(row));
      await query('SELECT count(), uniqExact(user_id) FROM main_production.all_events');
      reads += 1;
    }
  })();
  const { code, stderr } = await replay('--fresh');
  await until('the new generation to be read', () =>
    [...seen].some((answer) => JSON.parse(answer).generations[0] === 3),
  );
  isOver = true;
  await reader;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Dropping generation 2/);
  assert.ok(reads > 10);
  const answers = [...seen].map((answer) => JSON.parse(answer));
  assert.deepEqual(
    answers.map((answer) => answer.generations),
    [[1], [3]],
  );
  assert.deepEqual({ ...answers[0], generations: [] }, { ...answers[1], generations: [] });
});

test('up has taken the new generation over, and its books close', async () => {
  await until('up to say that all stages are ready', () => {
    const run = readRunFile(dataDir);
    assert.equal(run?.generation, 3);
    assert.deepEqual(
      run?.services.map(({ name, generation = 0, ready: isReady }) => [name, generation, isReady]),
      [
        ['collector', 0, true],
        ...[3, 1].flatMap((generation) =>
          ['identity-merger', 'sessionizer', 'loader'].map((name) => [name, generation, true]),
        ),
      ],
    );
    return true;
  });
  assert.equal(await retentionOf('events.identified.g3'), String(7 * DAY_MS));
  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation, verdict.problems], [true, 3, []]);
});

test('a switch back to the old generation is one command; unknown and unverified ones are refused', async () => {
  await cairn('generations', 'switch', '1');
  assert.deepEqual(await query('SELECT DISTINCT generation FROM cairn.resolved_events'), [{ generation: 1 }]);
  const unknown = await runCairn(['generations', 'switch', '9'], env);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is none; there are 3, 1/);
  await cairn('generations', 'switch', '3');
  assert.deepEqual(statesOf(await generations()), ['3 live', '1 old']);
});

test('a wrong merge is undone by a block and a replay', async () => {
  const usersOfMistake = `SELECT uniqExact(user_id) AS users FROM main_production.all_events WHERE device_id <= ${MISTAKEN}`;
  assert.deepEqual(await query(usersOfMistake), [{ users: 1 }]);
  await cairn('unmerge', '--identity', SHARED, '--reason', 'six people share a screen');
  assert.deepEqual(await query(usersOfMistake), [{ users: 1 }]);

  const inPart = await replay('--from', FROM);
  assert.equal(inPart.code, 1);
  assert.match(inPart.stderr, /Cannot replay from a time: "shared@example.com" was blocked/);
  const { code, stderr, compared } = await replay();
  assert.equal(code, 0, stderr);
  assert.deepEqual(compared?.leftOut, { identities: 1, ids: MISTAKEN + 1 });
  assert.deepEqual(await query(usersOfMistake), [{ users: MISTAKEN }]);
  const [others] = await query<{ users: number }>(
    `SELECT uniqExact(user_id) AS users FROM main_production.all_events WHERE device_id > ${MISTAKEN}`,
  );
  assert.equal(others?.users, 9);
  assert.deepEqual(
    await query(`SELECT user_id FROM main_production.all_events WHERE device_id = 7 GROUP BY user_id`),
    [{ user_id: canonicalUserId(1, 'person 7') }],
  );

  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation, verdict.problems], [true, 4, []]);
});

test('a replay from a time copies older rows, loads later ones, and its books close', async () => {
  const { code, stderr, compared } = await replay('--from', FROM);
  assert.equal(code, 0, stderr);
  assert.deepEqual(compared?.leftOut, { identities: 0, ids: 0 });
  const verdict = JSON.parse(await cairn('verify', '--from-log', '--json'));
  assert.deepEqual([verdict.ok, verdict.generation, verdict.problems], [true, 5, []]);
  const status = JSON.parse(await cairn('status', '--json'));
  const loader = status.services.find(
    (service: { name: string; generation: number }) => service.name === 'loader' && service.generation === 5,
  );
  // Seven events of each device in each half of the history, of which one was sent twice.
  assert.deepEqual(
    [loader.counts['event.copied'], loader.counts['event.loaded']],
    [DEVICES * 6, DEVICES * 6],
  );
});

/** Starts a stage as an operator would by mistake, and expects it to end with 78 and a reason. */
async function assertRefused(name: string, generation: number, reason: RegExp): Promise<void> {
  const main = fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url));
  const stage = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      CAIRN_KAFKA_BROKERS: ready.kafka,
      CAIRN_CLICKHOUSE_URL: ready.clickhouse,
      CAIRN_GENERATION: String(generation),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const output = text(stage.stderr);
  assert.equal(await new Promise((resolve) => stage.once('exit', resolve)), 78, await output);
  assert.match(await output, reason);
}

test('a dropped generation is gone, live ones are kept, and no stage of it starts again', async () => {
  const live = await runCairn(['generations', 'drop', '5'], env);
  assert.equal(live.code, 1);
  assert.match(live.stderr, /it is live/);
  await cairn('generations', 'drop', '1');
  await cairn('generations', 'drop', '1');
  assert.deepEqual(statesOf(await generations()), ['5 live', '4 old', '3 old']);
  for (const table of ['events', 'sessions', 'user_migrations', 'user_properties', 'devices'])
    assert.deepEqual(await query(`SELECT count() AS rows FROM cairn.${table} WHERE generation = 1`), [
      { rows: 0 },
    ]);
  const topics = await admin.listTopics();
  const own = DERIVED_TOPICS.map((name) => topicInKafka(name, 1));
  assert.deepEqual(
    own.filter((topic) => topics.includes(topic)),
    [],
  );
  const { groups } = await admin.listGroups();
  assert.deepEqual(
    groups.filter(({ groupId }) => groupId.endsWith('.g1')),
    [],
  );

  for (const name of ['identity-merger', 'loader'])
    await assertRefused(name, 1, /Cannot run generation 1: it was dropped at /);
  assert.deepEqual(
    (await admin.listTopics()).filter((topic) => topic.endsWith('.g1')),
    [],
  );
});

test('rows of another Kafka cluster are refused, by the loader and by a replay', async () => {
  await query(`INSERT INTO cairn.cluster VALUES ('another', toDateTime64(0, 6))`);
  const { code, stderr } = await runCairn(['replay'], env);
  assert.equal(code, 1);
  const reason = /the rows in ClickHouse come from cluster another/;
  assert.match(stderr, reason);
  await assertRefused('loader', 5, reason);
});
