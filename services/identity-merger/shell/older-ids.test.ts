import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import type { OffloadPlace, OpenOffload } from '#lib/streams/offload.ts';
import { idempotencyHash, recordKey } from '#schemas/ids.ts';
import { createMerger, type MergerState } from '../core/processor.ts';
import { SEGMENT_FORMAT, type SegmentHeader } from './id-segment.ts';
import { createOlderIds, whyDoubtful } from './older-ids.ts';

const GROUP = 'identity-merger.g1';
const DEVICE = recordKey(1, 7);
const still = async () => {};

let root: string;
let folders = 0;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'cairn-older-ids-'));
});

after(() => rm(root, { recursive: true, force: true }));

type Record = { readonly idempotency: Buffer; readonly timeMs: number };

/** A partition of a merger as a task keeps it, with a log of what it let through in place of Kafka. */
class Partition {
  readonly said: string[] = [];
  readonly directory: string = join(root, String(++folders));
  readonly folder: string = join(this.directory, `${GROUP}.events.collected-0.ids`);
  readonly identified: Record[] = [];
  readonly #options: { windowMs: number; capacity: number };
  #uncommitted: Record[] = [];
  #streamTimeMs = 1000;
  #position = 0n;
  #state!: MergerState;
  #store!: OpenOffload<MergerState>;

  constructor(options: { windowMs: number; capacity: number }) {
    this.#options = options;
  }

  get #merger() {
    const { windowMs, capacity } = this.#options;
    return createMerger({ partitions: 1, generation: 1, windowMs, maxIds: capacity, overflows: true });
  }

  get facts() {
    return this.#state.duplicates.facts();
  }

  /** Throws away what is in memory and restores it from the log and the store, or from a copy of memory and these. */
  async open(changed: Partial<OffloadPlace> = {}, copy?: { bytes: Buffer; end: number; storeEnd: bigint }) {
    const { windowMs } = this.#options;
    const first = this.identified.findIndex(({ timeMs }) => timeMs >= this.#streamTimeMs - windowMs);
    const end = BigInt(this.identified.length);
    const from = first < 0 ? end : BigInt(first);
    const log = pino({ level: 'info' }, { write: (line: string) => this.said.push(JSON.parse(line).msg) });
    const place = {
      clusterId: 'cluster',
      groupId: GROUP,
      topic: 'events.collected',
      partition: 0,
      position: this.#position,
      streamTimeMs: this.#streamTimeMs,
      restored: { start: 0n, end, from },
      log,
      ...changed,
    };
    this.#uncommitted = [];
    const options = { ...this.#options, directory: this.directory, partitions: 1 };
    this.#store = await createOlderIds(options).open(place, still);
    const usable = copy !== undefined && copy.storeEnd <= this.#store.end ? copy : undefined;
    this.#state = usable
      ? (this.#merger.snapshot as { decode(bytes: Buffer): MergerState }).decode(usable.bytes)
      : this.#merger.createState();
    this.#store.attach(this.#state);
    let throughMs = usable ? this.#streamTimeMs : 0;
    const start = Math.max(Number(from), Number(this.#store.end), usable?.end ?? 0);
    for (let offset = start; offset < this.identified.length; offset += 1) {
      const { idempotency, timeMs } = this.identified[offset] as Record;
      this.#state.duplicates.letThrough(DEVICE, idempotency, timeMs);
      throughMs = Math.max(throughMs, timeMs);
      const at = { end: BigInt(offset + 1), position: this.#position, throughMs };
      await this.#store.settle(this.#state, at, still);
    }
  }

  copy() {
    const bytes = Buffer.concat([...(this.#merger.snapshot?.encode(this.#state) ?? [])]);
    return { bytes, end: this.identified.length, storeEnd: this.#store.end };
  }

  /** Whether a record is a duplicate; if not it is let through, for good when committed. */
  isDuplicate(key: number, timeMs: number): boolean {
    this.#streamTimeMs = Math.max(this.#streamTimeMs, timeMs);
    const idempotency = idempotencyHash(String(key));
    const answer = this.#state.duplicates.isDuplicate(DEVICE, idempotency, timeMs, this.#streamTimeMs);
    if (!answer) this.#uncommitted.push({ idempotency, timeMs });
    return answer;
  }

  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  async commit(records: number, { settles = true } = {}): Promise<void> {
    this.#position += BigInt(records);
    this.identified.push(...this.#uncommitted);
    this.#uncommitted = [];
    if (settles) await this.settle();
  }

  /** What a task does after a commit. One that was fenced, and does not know, may do so with what it knows. */
  async settle(): Promise<void> {
    const at = {
      end: BigInt(this.identified.length),
      position: this.#position,
      throughMs: this.#streamTimeMs,
    };
    await this.#store.settle(this.#state, at, still);
  }

  /** Something that settles the state of now, whenever it is called. */
  zombie(): { settle(): Promise<void>; close(): void } {
    const [store, state] = [this.#store, this.#state];
    const at = {
      end: BigInt(this.identified.length),
      position: this.#position,
      throughMs: this.#streamTimeMs,
    };
    return { settle: () => store.settle(state, at, still), close: () => store.close() };
  }

  /** Forgets an aborted transaction's stream time with its records. */
  async abort(streamTimeMs: number): Promise<void> {
    this.close();
    this.#streamTimeMs = streamTimeMs;
    await this.open();
  }

  close(): void {
    this.#store.close();
  }

  files(): Promise<string[]> {
    return readdir(this.folder).catch(() => []);
  }
}

/** The rule in its plainest form: every id ever let through and when it was last. */
class Oracle {
  readonly #windowMs: number;
  #seen = new Map<number, number>();
  #nowMs = 1000;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  isDuplicate(key: number, timeMs: number): boolean {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const seenMs = this.#seen.get(key);
    if (seenMs !== undefined && seenMs >= this.#nowMs - this.#windowMs) return true;
    this.#seen.set(key, timeMs);
    return false;
  }

  save(): () => void {
    const [seen, nowMs] = [new Map(this.#seen), this.#nowMs];
    return () => {
      this.#seen = seen;
      this.#nowMs = nowMs;
    };
  }
}

const arrivals = fc.array(fc.record({ key: fc.nat(30), laterMs: fc.nat(20), behindMs: fc.nat(60) }), {
  minLength: 1,
  maxLength: 12,
});
const EVENTS = [
  'commit',
  'abort',
  'restart',
  'copy',
  'restart from the copy',
  'leave a zombie',
  'wake the zombie',
  'break a file',
  'cut a file',
  'lose a file',
] as const;

test('where ids lie changes no answer: any memory, any cut, restart, abort, zombie or broken file', async () => {
  const history = fc.array(fc.record({ arrivals, event: fc.constantFrom(...EVENTS), file: fc.nat(5) }), {
    minLength: 5,
    maxLength: 25,
  });
  let onDisk = 0;
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 50, max: 2000 }),
      async (chunks, capacity, windowMs) => {
        const partition = new Partition({ windowMs, capacity });
        const oracle = new Oracle(windowMs);
        await partition.open();
        let copy: ReturnType<Partition['copy']> | undefined;
        const zombies: ReturnType<Partition['zombie']>[] = [];
        for (const { arrivals, event, file } of chunks) {
          const undo = oracle.save();
          const before = partition.streamTimeMs;
          let nowMs = before;
          for (const { key, laterMs, behindMs } of arrivals) {
            nowMs += laterMs;
            const timeMs = Math.max(0, nowMs - behindMs);
            assert.equal(partition.isDuplicate(key, timeMs), oracle.isDuplicate(key, timeMs), event);
          }
          if (event === 'abort') {
            undo();
            await partition.abort(before);
            continue;
          }
          await partition.commit(arrivals.length, { settles: event !== 'leave a zombie' });
          onDisk = Math.max(onDisk, partition.facts['duplicates_ids_on_disk'] ?? 0);
          if (event === 'copy') copy = partition.copy();
          if (event === 'commit' || event === 'copy') continue;
          if (event === 'leave a zombie') {
            // It was stopped between its commit and what follows, and its successor knows nothing of it.
            zombies.push(partition.zombie());
            await partition.open();
            continue;
          }
          if (event === 'wake the zombie') {
            await zombies.at(-1)?.settle();
            continue;
          }
          partition.close();
          const files = await partition.files();
          const victim = join(partition.folder, files[file % files.length] ?? '');
          if (files.length > 0 && event === 'break a file') {
            const bytes = await readFile(victim);
            bytes[bytes.length - 40] = (bytes.at(-40) as number) ^ 1;
            await writeFile(victim, bytes);
          }
          if (files.length > 0 && event === 'cut a file') await truncate(victim, 50);
          if (files.length > 0 && event === 'lose a file') await rm(victim);
          await partition.open({}, event === 'restart from the copy' ? copy : undefined);
        }
        partition.close();
        for (const zombie of zombies) zombie.close();
      },
    ),
    // Shrinking such histories takes minutes; the seed is printed.
    { numRuns: 15, endOnFailure: true },
  );
  assert.ok(onDisk > 10, `ids went to disk, at most ${onDisk}`);
});

test('ids on disk expire with the window, and their files go', async () => {
  const partition = new Partition({ windowMs: 100, capacity: 4 });
  await partition.open();
  let most = 0;
  for (let key = 0; key < 400; key += 1) {
    assert.equal(partition.isDuplicate(key, 1000 + key), false);
    await partition.commit(1);
    most = Math.max(most, partition.facts['duplicates_ids_on_disk'] ?? 0);
  }
  assert.ok(most >= 96, `ids of the window are on disk, at most ${most}`);
  assert.ok(most <= 125, `and no more than an eighth of it beside, at most ${most}`);
  assert.ok((await partition.files()).length < 20);
  partition.close();
});

for (const [what, changed] of Object.entries({
  'another cluster': { clusterId: 'another' },
  'an earlier committed position': { position: 3n },
  'a topic that ends earlier': { restored: { start: 0n, end: 5n, from: 0n } },
})) {
  test(`a store of ${what} is thrown away`, async () => {
    const partition = new Partition({ windowMs: 1000, capacity: 2 });
    await partition.open();
    for (let key = 0; key < 20; key += 1) {
      partition.isDuplicate(key, 1000);
      await partition.commit(1);
    }
    assert.ok((await partition.files()).length > 0);
    partition.close();
    partition.identified.splice(0);
    await partition.open({ ...changed });
    partition.close();
    assert.ok(partition.said.includes('threw ids on disk away'));
    assert.deepEqual(await partition.files(), []);
  });
}

test('whyDoubtful() finds every reason to doubt a segment', () => {
  const header: SegmentHeader = {
    format: SEGMENT_FORMAT,
    clusterId: 'cluster',
    groupId: GROUP,
    topic: 'events.collected',
    partition: 0,
    partitions: 4,
    from: '5',
    to: '9',
    position: '20',
    sinceMs: 1,
    throughMs: 2,
    ids: 3,
  };
  const place = { ...header, position: 20n, restored: { start: 0n, end: 9n, from: 0n } };
  assert.equal(whyDoubtful(header, place), '');
  assert.equal(
    whyDoubtful(header, { ...place, position: 21n, restored: { start: 7n, end: 99n, from: 8n } }),
    '',
  );
  const doubts = [
    { clusterId: 'another' },
    { groupId: 'identity-merger.g2' },
    { topic: 'events.collected.r2' },
    { partition: 1 },
    { partitions: 8 },
    { position: 19n },
    { restored: { start: 0n, end: 8n, from: 0n } },
  ];
  for (const doubt of doubts)
    assert.notEqual(whyDoubtful(header, { ...place, ...doubt }), '', JSON.stringify(Object.keys(doubt)));
  assert.notEqual(whyDoubtful({ ...header, format: SEGMENT_FORMAT + 1 }, place), '');
});

test('a disk that takes nothing leaves ids in memory, up to a bound', async () => {
  const partition = new Partition({ windowMs: 1000, capacity: 10 });
  await partition.open();
  await mkdir(partition.directory);
  await writeFile(partition.folder, 'no folder can be made here');
  for (let key = 0; key < 20; key += 1) {
    assert.equal(partition.isDuplicate(key, 1000), false);
    await partition.commit(1);
  }
  for (let key = 0; key < 20; key += 1) assert.equal(partition.isDuplicate(key, 1000), true);
  assert.ok(partition.said.includes('cannot write ids to disk, keeping them in memory'));
  await assert.rejects(
    async () => {
      for (let key = 20; key < 40; key += 1) {
        partition.isDuplicate(key, 1000);
        await partition.commit(1);
      }
    },
    { name: 'UnavailableError' },
  );
  await rm(partition.folder);
  await partition.settle();
  assert.equal(partition.facts['duplicates_ids_in_memory'], 10);
  assert.equal(partition.isDuplicate(0, 1000), true);
  partition.close();
});

test('an id that is expired on disk is let through again, and remembered anew', async () => {
  const partition = new Partition({ windowMs: 100, capacity: 2 });
  await partition.open();
  for (let key = 0; key < 10; key += 1) {
    partition.isDuplicate(key, 1000 + 10 * key);
    await partition.commit(1);
  }
  assert.equal(partition.isDuplicate(1, 1110), true, 'exactly as old as the window');
  assert.equal(partition.isDuplicate(0, 1110), false);
  assert.equal(partition.isDuplicate(0, 1210), true);
  partition.close();
});
