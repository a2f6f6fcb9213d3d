/** Services that must not start: what they would write would be wrong. Each says why, and ends with 78. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Partitioners } from 'kafkajs';
import { generationCodec } from '#schemas/codec.ts';
import { generationKey } from '#schemas/ids.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { event, type LoaderStage, startLoaderStage } from '../support/loader-stage.ts';
import { until } from '../support/until.ts';

const PARTITIONS = 2;
const RECORDS = 20;
const REFUSED_WITHIN_MS = 60_000;

let stage: LoaderStage;

/** A loader has loaded something and has stopped. */
before(async () => {
  stage = await startLoaderStage();
  await stage.start();
  await stage.send(
    'events.sessionized',
    Array.from({ length: RECORDS }, (_, index) => event({ device_id: 1 + index, event_id: 1 + index })),
  );
  const topic = topicInKafka('events.sessionized', 1);
  await until('all offsets to be committed', async () => {
    const { counts, isAll } = await stage.committed(topic);
    return isAll && counts['event.loaded'] === RECORDS;
  });
  await stage.kill('SIGTERM');
  await send(
    'events.collected',
    Array.from({ length: 3 }, () => ({ value: 'only its offset is used' })),
  );
});

after(() => stage?.stop());

async function assertRefused(
  name: string,
  settings: Readonly<Record<string, string>>,
  reason: RegExp,
): Promise<void> {
  const main = fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url));
  const service = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      CAIRN_KAFKA_BROKERS: stage.backend.brokers.join(','),
      CAIRN_CLICKHOUSE_URL: stage.backend.clickhouseUrl,
      CAIRN_PARTITIONS: String(PARTITIONS),
      CAIRN_LOG_LEVEL: 'error',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const output = text(service.stderr);
  try {
    const [code] = await once(service, 'exit', { signal: AbortSignal.timeout(REFUSED_WITHIN_MS) });
    assert.equal(code, 78, await output);
  } finally {
    service.kill('SIGKILL');
  }
  assert.match(await output, reason);
}

async function setOffset(groupId: string, topic: string, offset: number): Promise<void> {
  await until('the group to be empty', async () => {
    const { groups } = await stage.admin.describeGroups([groupId]);
    return ['Empty', 'Dead'].includes(groups[0]?.state ?? '');
  });
  await stage.admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: String(offset) }] });
}

/** Writes anything to partition 0 of the log. */
async function send(topic: string, messages: { key?: Buffer; value: Buffer | string }[]): Promise<void> {
  const producer = stage.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic, messages: messages.map((message) => ({ ...message, partition: 0 })) });
  await producer.disconnect();
}

test('a loader whose offsets were set back refuses to start', async () => {
  await setOffset('loader.g1', topicInKafka('events.sessionized', 1), 0);
  await assertRefused('loader', {}, /the group's committed position is 0; loading on would write them twice/);
});

test('a loader refuses to load from another Kafka cluster than the one its rows come from', async () => {
  await stage.rows("INSERT INTO cairn.cluster VALUES ('another', toDateTime64(0, 6))");
  try {
    await assertRefused('loader', {}, /the rows in ClickHouse come from cluster another/);
  } finally {
    await stage.rows("ALTER TABLE cairn.cluster DELETE WHERE id = 'another' SETTINGS mutations_sync = 1");
  }
});

test('a stage refuses a log that no longer reaches back to what it has committed', async () => {
  await setOffset('identity-merger.g3', 'events.collected', 0);
  await stage.admin.deleteTopicRecords({
    topic: 'events.collected',
    partitions: [{ partition: 0, offset: '2' }],
  });
  await assertRefused(
    'identity-merger',
    { CAIRN_GENERATION: '3' },
    /Cannot go on with events\.collected-0: the committed position is not in the topic any more, so records were deleted/,
  );
});

test('no service starts with another number of partitions than its topics have', async () => {
  for (const name of ['identity-merger', 'loader'])
    await assertRefused(
      name,
      { CAIRN_PARTITIONS: '3' },
      /it has 2 partitions and CAIRN_PARTITIONS is 3; set CAIRN_PARTITIONS=2/,
    );
});

test('no service starts for a generation that was dropped, and its topics are not made again', async () => {
  const value = generationCodec.encode({ generation: 9, dropped_at: Date.now() });
  await send('generations', [{ key: generationKey(9), value }]);
  for (const name of ['identity-merger', 'loader'])
    await assertRefused(name, { CAIRN_GENERATION: '9' }, /Cannot run generation 9: it was dropped at /);
  const topics = await stage.admin.listTopics();
  assert.deepEqual(
    topics.filter((topic) => topic.endsWith('.g9')),
    [],
  );
});
