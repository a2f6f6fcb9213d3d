import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Admin, Partitioners, type Producer } from 'kafkajs';
import { createKafka } from '#lib/kafka/client.ts';
import { ensureTopics } from '#lib/kafka/ensure-topics.ts';
import { waitForKafka } from '#lib/kafka/wait-for-kafka.ts';
import { createLogger } from '#lib/service/logger.ts';
import { type CommitMetadata, decodeMetadata } from '#lib/streams/commit-metadata.ts';
import { collectedCodec } from '#schemas/codec.ts';
import { idempotencyHash, recordKey } from '#schemas/ids.ts';
import { type Supervisor, startSupervisor } from '../../cli/supervisor.ts';
import { type Backend, startBackend } from '../support/backend.ts';
import { until } from '../support/until.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const GROUP = 'identity-merger.g1';
const DEVICE = 7;
const KEYS = 2000;
/** What memory holds: far fewer. */
const MAX_IDS = 200;
/** Twenty days ago: within the window, beyond what the topic is kept by default. */
const T0 = Date.now() - 20 * DAY_MS;
const log = createLogger('test', 'error');

let backend: Backend;
let admin: Admin;
let producer: Producer;
let supervisor: Supervisor;
let stateDir: string;
const said: string[] = [];

before(async () => {
  backend = await startBackend();
  stateDir = await mkdtemp(join(tmpdir(), 'cairn-duplicates-'));
  admin = await waitForKafka({ clientId: 'test', brokers: backend.brokers, log });
  await ensureTopics(admin, { generation: 1, partitions: 1, replicationFactor: 1 });
  const kafka = createKafka({ clientId: 'test', brokers: backend.brokers, log });
  producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  supervisor = await startSupervisor(
    [
      {
        name: 'identity-merger',
        main: fileURLToPath(new URL('../../services/identity-merger/main.ts', import.meta.url)),
        env: () => ({
          ...process.env,
          CAIRN_KAFKA_BROKERS: backend.brokers.join(','),
          CAIRN_PARTITIONS: '1',
          CAIRN_STATE_DIR: stateDir,
          CAIRN_DUPLICATES_WINDOW: '30d',
          CAIRN_DUPLICATES_MAX_IDS: String(MAX_IDS),
        }),
      },
    ],
    { onChange: () => undefined, onLine: (_, line) => said.push(line), onNotice: () => undefined },
    new AbortController().signal,
  );
});

after(async () => {
  await supervisor?.stop();
  await producer?.disconnect();
  await admin?.disconnect();
  await backend?.stop();
  if (stateDir !== undefined) await rm(stateDir, { recursive: true, force: true });
});

/** Sends events with the keys of these numbers, in four parts so that there are several transactions. */
async function send(first: number, count: number, timeMs: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => {
    const receivedAt = timeMs + index;
    const value = collectedCodec.encode({
      kind: 'event',
      environment: 1,
      user_id: DEVICE,
      device_id: DEVICE,
      event_id: first + index + 1,
      time: receivedAt,
      received_at: receivedAt,
      idempotency: idempotencyHash(`key ${first + index}`),
    });
    return { key: recordKey(1, DEVICE), value, partition: 0, timestamp: String(receivedAt) };
  });
  for (let at = 0; at < count; at += count / 4)
    await producer.send({ topic: 'events.collected', messages: messages.slice(at, at + count / 4) });
}

async function committed(): Promise<CommitMetadata> {
  const [answer] = await admin.fetchOffsets({ groupId: GROUP, topics: ['events.collected'] });
  return decodeMetadata(answer?.partitions[0]?.metadata);
}

function untilCounted(forwarded: number, duplicate: number): Promise<CommitMetadata> {
  return until(`${forwarded} events forwarded and ${duplicate} duplicates`, async () => {
    const metadata = await committed();
    const { counts } = metadata;
    if ((counts['event.forwarded'] ?? 0) + (counts['event.duplicate'] ?? 0) < forwarded + duplicate)
      return false;
    assert.equal(counts['event.forwarded'], forwarded);
    assert.equal(counts['event.duplicate'] ?? 0, duplicate);
    return metadata;
  });
}

async function restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const [state] = supervisor.states();
  process.kill(state?.pid as number, signal);
  await until('its restart', () =>
    supervisor.states().every(({ ready, pid }) => ready && pid !== state?.pid),
  );
}

test('a key on disk is a duplicate whatever dies, and a doubtful store is thrown away and folded again', async () => {
  const kept = await until('a longer retention', async () => {
    const { resources } = await admin.describeConfigs({
      resources: [{ type: 2, name: 'events.identified.g1' }],
      includeSynonyms: false,
    });
    return resources[0]?.configEntries;
  });
  const setTo = (name: string) => kept.find(({ configName }) => configName === name)?.configValue;
  assert.equal(setTo('retention.ms'), String(31 * DAY_MS));
  assert.equal(setTo('max.message.bytes'), String(8 * 1024 * 1024), 'what else is set on the topic stays');

  await send(0, KEYS, T0);
  await untilCounted(KEYS, 0);
  // The figures of a transaction are those from before its ids went to disk.
  await send(KEYS, 4, Date.now());
  const { facts } = await untilCounted(KEYS + 4, 0);
  assert.ok((facts?.['duplicates_ids_on_disk'] ?? 0) > KEYS / 2, `on disk: ${JSON.stringify(facts)}`);
  assert.equal(facts?.['duplicates_window_ms'], 30 * DAY_MS);

  await restart('SIGKILL');
  await send(0, KEYS, Date.now());
  await untilCounted(KEYS + 4, KEYS);
  assert.ok(said.some((line) => line.includes('opened ids on disk')));
  assert.equal(
    said.some((line) => line.includes('threw ids on disk away')),
    false,
  );

  await restart('SIGTERM');
  assert.ok(
    (await readdir(stateDir)).includes(`${GROUP}.events.collected-0.snapshot`),
    'it copied its memory',
  );
  await send(0, KEYS, Date.now());
  await untilCounted(KEYS + 4, 2 * KEYS);
  assert.equal(
    said.some((line) => line.includes('threw')),
    false,
  );

  const folder = join(stateDir, `${GROUP}.events.collected-0.ids`);
  const [file = ''] = await readdir(folder);
  const bytes = await readFile(join(folder, file));
  bytes[bytes.length - 100] = (bytes.at(-100) as number) ^ 1;
  // Under another inode: the process that is about to die reads the old one.
  await writeFile(join(stateDir, 'broken'), bytes);
  await rename(join(stateDir, 'broken'), join(folder, file));
  await restart('SIGKILL');
  await send(0, KEYS, Date.now());
  await untilCounted(KEYS + 4, 3 * KEYS);
  assert.ok(said.some((line) => line.includes('threw ids on disk away')));
});
