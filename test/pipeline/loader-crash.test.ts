import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { topicInKafka } from '#schemas/topics.ts';
import { event, type LoaderStage, startLoaderStage, T0 } from '../support/loader-stage.ts';
import { until } from '../support/until.ts';

/** Many small inserts: many places to crash. */
const settings = { CAIRN_LOADER_BATCH_ROWS: '100', CAIRN_LOADER_FLUSH_MS: '5' };

let stage: LoaderStage;

before(async () => {
  stage = await startLoaderStage();
  await stage.start(settings);
});

after(() => stage?.stop());

test('a loader that is killed again and again loads every record exactly once', async () => {
  const EVENTS = 20_000;
  const MONTH_MS = 31 * 24 * 60 * 60 * 1000;
  const topic = topicInKafka('events.sessionized', 1);
  const countRows = async () =>
    (await stage.rows<{ n: number }>("SELECT count() AS n FROM cairn.events WHERE name = 'crash'"))[0]!.n;
  const producing = (async () => {
    for (let at = 0; at < EVENTS; at += 1000) {
      await stage.send(
        'events.sessionized',
        Array.from({ length: 1000 }, (_, index) =>
          event({
            device_id: 1000 + ((at + index) % 700),
            event_id: 1_000_000 + at + index,
            name: 'crash',
            // Several months: one insert goes into several partitions of the table.
            time: T0 - ((at + index) % 5) * MONTH_MS,
            properties: `{"n":${at + index}}`,
          }),
        ),
      );
    }
  })();
  for (const share of [0.1, 0.4, 0.7]) {
    // Rows show when an insert is done and its commit is not: the moment to kill.
    await until('more rows', async () => (await countRows()) >= share * EVENTS);
    await stage.kill('SIGKILL');
    await stage.start(settings);
  }
  await producing;
  const { counts } = await until('all offsets to be committed', async () => {
    const state = await stage.committed(topic);
    return state.isAll && state;
  });
  assert.deepEqual(
    await stage.rows(
      "SELECT count() AS n, uniqExact(event_id) AS events, sum(properties.n::UInt64) AS total FROM cairn.events WHERE name = 'crash'",
    ),
    [{ n: EVENTS, events: EVENTS, total: (EVENTS * (EVENTS - 1)) / 2 }],
  );
  const [all] = await stage.rows<{ n: number }>('SELECT count() AS n FROM cairn.events');
  assert.equal(counts['event.loaded'], all!.n);
});

test('an insert that ClickHouse finishes after its loader was killed is not made twice', async () => {
  const topic = topicInKafka('events.sessionized', 1);
  // A partition's first batch asks ClickHouse where the table is: let each have had one before nothing answers.
  await stage.send(
    'events.sessionized',
    Array.from({ length: 100 }, (_, index) =>
      event({ device_id: 1500 + index, event_id: 1_500_000 + index, name: 'before' }),
    ),
  );
  await until('all offsets to be committed', async () => (await stage.committed(topic)).isAll);
  const before = (await stage.rows<{ n: number }>('SELECT count() AS n FROM cairn.events'))[0]!.n;
  await stage.backend.clickhouse.pause();
  try {
    await stage.send(
      'events.sessionized',
      Array.from({ length: 500 }, (_, index) =>
        event({ device_id: 2000 + index, event_id: 2_000_000 + index, name: 'stopped' }),
      ),
    );
    // Of one partition at least: what a fetch did not bring is not asked for while its insert hangs.
    await until('an insert to be announced', async () => {
      const [offsets] = await stage.admin.fetchOffsets({ groupId: 'loader.g1', topics: [topic] });
      return offsets!.partitions.some(({ metadata }) => JSON.parse(metadata ?? '{}').intent !== undefined);
    });
    await stage.kill('SIGKILL');
  } finally {
    await stage.backend.clickhouse.resume();
  }
  await stage.start();
  await until('all offsets to be committed', async () => (await stage.committed(topic)).isAll);
  assert.deepEqual(await stage.rows('SELECT count() AS n, uniqExact(event_id) AS events FROM cairn.events'), [
    { n: before + 500, events: before + 500 },
  ]);
});

test('a loader outlives ClickHouse and loads what came meanwhile, once', async () => {
  const topic = topicInKafka('events.sessionized', 1);
  const [before] = await stage.rows<{ n: number }>('SELECT count() AS n FROM cairn.events');
  const restarted = stage.backend.clickhouse.killAndRestart();
  for (let at = 0; at < 5; at += 1) {
    await stage.send(
      'events.sessionized',
      Array.from({ length: 200 }, (_, index) =>
        event({ device_id: 3000 + index, event_id: 3_000_000 + at * 200 + index, name: 'restarted' }),
      ),
    );
  }
  await restarted;
  await until('all offsets to be committed', async () => (await stage.committed(topic)).isAll);
  const n = before!.n + 1000;
  assert.deepEqual(await stage.rows('SELECT count() AS n, uniqExact(event_id) AS events FROM cairn.events'), [
    { n, events: n },
  ]);
});
