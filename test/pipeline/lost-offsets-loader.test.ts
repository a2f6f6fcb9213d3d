/** A loader whose committed offsets are gone: deleted with its group, as a broker does when it lets them expire. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Partitioners } from 'kafkajs';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { generationCodec } from '#schemas/codec.ts';
import { generationKey } from '#schemas/ids.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { event, type LoaderStage, startLoaderStage } from '../support/loader-stage.ts';
import { until } from '../support/until.ts';

let stage: LoaderStage;

before(async () => {
  stage = await startLoaderStage();
});

after(() => stage?.stop());

async function loseOffsets(group: string): Promise<void> {
  await stage.kill('SIGTERM');
  await until('the group to be empty', async () => {
    const { groups } = await stage.admin.describeGroups([group]);
    return groups[0]!.state === 'Empty';
  });
  await stage.admin.deleteGroups([group]);
}

/** Events of both partitions. */
const events = Array.from({ length: 20 }, (_, index) => event({ device_id: index + 1, event_id: index + 1 }));

test('a loader whose offsets are gone refuses to start', async () => {
  await stage.start();
  await stage.send('events.sessionized', events);
  await until('all to be loaded', async () => (await stage.committed('events.sessionized.g1')).isAll);
  await loseOffsets('loader.g1');
  const [code] = await once(stage.fork(), 'exit');
  assert.equal(code, 78);
});

test('where rows were copied, a loader whose offsets are gone refuses for those it has loaded itself', async () => {
  const copiedBefore = Date.now() - 1000;
  const generation = { CAIRN_GENERATION: '2' };
  const topic = topicInKafka('events.sessionized', 2);
  const clickHouse = createClickHouse({ url: stage.backend.clickhouseUrl });
  const producer = stage.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const times = { created_at: copiedBefore, copied_before: copiedBefore, copied_at: copiedBefore };
  const value = generationCodec.encode({ generation: 2, copied_from: 1, ...times });
  await producer.send({ topic: 'generations', messages: [{ key: generationKey(2), value, partition: 0 }] });
  const copied = 'INSERT INTO cairn.events SELECT * REPLACE (2 AS generation) FROM cairn.events AS e';
  await clickHouse.command(`${copied} WHERE e.generation = 1`);
  await stage.start(generation);
  const at = (timeMs: number, partition: number) => ({
    ...event({ device_id: 9000, event_id: timeMs, received_at: timeMs, time: timeMs }),
    partition,
    timestamp: String(timeMs),
  });
  const send = (messages: readonly ReturnType<typeof at>[]) =>
    producer.send({ topic, messages: [...messages] });
  const untilCommitted = (expected: string) =>
    until(`offsets ${expected} to be committed`, async () => {
      const [offsets] = await stage.admin.fetchOffsets({ groupId: 'loader.g2', topics: [topic] });
      const byPartition = offsets!.partitions.toSorted((left, right) => left.partition - right.partition);
      return byPartition.map(({ offset }) => offset).join() === expected;
    });
  const rows = () => stage.rows('SELECT count() AS n FROM cairn.events WHERE generation = 2');
  await send([at(copiedBefore - 1, 0), at(copiedBefore - 1, 1)]);
  await untilCommitted('1,1');

  // Of the topic nothing is loaded yet: to begin again does no harm.
  await loseOffsets('loader.g2');
  await stage.start(generation);
  await untilCommitted('1,1');
  await send([at(copiedBefore, 0)]);
  await untilCommitted('2,1');
  assert.deepEqual(await rows(), [{ n: events.length + 1 }]);

  await loseOffsets('loader.g2');
  const [code] = await once(stage.fork(generation), 'exit');
  assert.equal(code, 78);
  assert.deepEqual(await rows(), [{ n: events.length + 1 }]);
  await producer.disconnect();
});
