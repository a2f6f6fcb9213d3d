import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { mergeRows, ROW_BYTES, ROW_WORDS, toRows } from './id-rows.ts';
import { IdSegment, SEGMENT_FORMAT, type SegmentHeader, writeSegment } from './id-segment.ts';

type Id = readonly [a: number, b: number, c: number, d: number];

const still = async () => {};
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-segments-'));
});

after(() => rm(folder, { recursive: true, force: true }));

function anId(number: number): Id {
  const digest = createHash('sha256').update(String(number)).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
}

function rowsOf(...entries: readonly (readonly [id: Id, timeMs: number])[]) {
  return toRows(
    new Uint32Array(entries.flatMap(([id]) => id)),
    new Float64Array(entries.map(([, time]) => time)),
  );
}

async function aSegment(name: string, rows: ReturnType<typeof rowsOf>): Promise<IdSegment> {
  const header: SegmentHeader = {
    format: SEGMENT_FORMAT,
    clusterId: 'cluster',
    groupId: 'identity-merger.g1',
    topic: 'events.collected',
    partition: 0,
    partitions: 1,
    from: '0',
    to: '9',
    position: '9',
    sinceMs: 0,
    throughMs: 1,
    ids: rows.length / ROW_WORDS,
  };
  const path = join(folder, name);
  await writeSegment(path, header, rows, still);
  return IdSegment.open(path, still);
}

test('a segment finds every id it holds with its time, and no other', async () => {
  const entries = Array.from(
    { length: 5000 },
    (_, number) => [anId(number), 1_767_225_600_000 + number] as const,
  );
  const segment = await aSegment('all', rowsOf(...entries));
  for (const [id, timeMs] of entries) assert.equal(segment.receivedAt(...id), timeMs);
  for (let number = 5000; number < 10_000; number += 1)
    assert.equal(segment.receivedAt(...anId(number)), undefined);
  segment.close();
});

test('a segment says when an id was let through last, however its parts were merged', async () => {
  const [first, second, third] = [anId(1), anId(2), anId(3)];
  const earlier = rowsOf([first, 10], [second, 20], [first, 30]);
  const later = rowsOf([third, 40], [second, 50]);
  const segment = await aSegment('merged', mergeRows(earlier, later));
  assert.deepEqual(
    [first, second, third].map((id) => segment.receivedAt(...id)),
    [30, 50, 40],
  );
  assert.deepEqual(await segment.rows(), mergeRows(earlier, later));
  segment.close();
});

test('a segment finds ids of one order word over several blocks', async () => {
  const same = Array.from({ length: 1000 }, (_, number) => [[7, 9, number, 0] as Id, number] as const);
  const others = Array.from({ length: 1000 }, (_, number) => [anId(number), number] as const);
  const segment = await aSegment('same', rowsOf(...others, ...same));
  for (const [id, timeMs] of [...same, ...others]) assert.equal(segment.receivedAt(...id), timeMs);
  segment.close();
});

test('a segment that is not whole is refused, whichever byte is wrong or missing', async () => {
  const segment = await aSegment('broken', rowsOf([anId(1), 10], [anId(2), 20]));
  segment.close();
  const path = join(folder, 'broken');
  const bytes = await readFile(path);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    await writeFile(path, changed);
    await assert.rejects(IdSegment.open(path, still), `byte ${at}`);
  }
  for (const length of [0, 3, 20, bytes.length - ROW_BYTES, bytes.length - 1]) {
    await writeFile(path, bytes.subarray(0, length));
    await assert.rejects(IdSegment.open(path, still), `${length} bytes`);
  }
});

test('a segment that was closed answers no more', async () => {
  const segment = await aSegment('closed', rowsOf([anId(1), 10]));
  segment.close();
  assert.throws(() => segment.receivedAt(...anId(1)), { name: 'UnavailableError' });
});

test('what is not written whole leaves no file', async () => {
  const rows = rowsOf([anId(1), 10]);
  const header = { ids: 1 } as SegmentHeader;
  const stop = async () => {
    throw new Error('rebalance');
  };
  await assert.rejects(writeSegment(join(folder, 'none'), header, rows, stop), /rebalance/);
  assert.equal(
    (await readdir(folder)).some((name) => name.startsWith('none')),
    false,
  );
});
