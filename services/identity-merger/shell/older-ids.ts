import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UnavailableError } from '#lib/errors.ts';
import type { Logger } from '#lib/service/logger.ts';
import type { Offload, OffloadPlace, OffloadTime, OpenOffload } from '#lib/streams/offload.ts';
import type { OlderIds } from '../core/duplicates-window.ts';
import type { MergerState } from '../core/processor.ts';
import { type IdRows, mergeRows, ROW_WORDS, toRows } from './id-rows.ts';
import {
  IdSegment,
  readSegmentHeader,
  SEGMENT_FORMAT,
  type SegmentHeader,
  writeSegment,
} from './id-segment.ts';
import { chainFrom } from './segment-chain.ts';

/** Most ids that one segment takes from memory: sorting them is a pause of a few tenths of a second. */
const MAX_FLUSHED_IDS = 2 ** 20;
/** Most ids of a segment made of two: both lie in memory for that moment. */
const MAX_MERGED_IDS = 2 ** 22;
/** A segment spans at most this part of the window, unless its ids came at once: it goes when its last id has expired. */
const SPANS_PER_WINDOW = 8;
/** While nothing can be written, memory holds this many times its capacity before the partition stands still. */
const MOST_OVERFLOW = 2;

export type OlderIdsOptions = {
  readonly directory: string;
  readonly windowMs: number;
  readonly partitions: number;
  /** Ids of a partition in memory: half of it is written at once. */
  readonly capacity: number;
};

/** What segments and a place have in common where they belong together. */
type Belonging = Pick<SegmentHeader, 'clusterId' | 'groupId' | 'topic' | 'partition' | 'partitions'>;

type Place = OffloadPlace & OlderIdsOptions & { readonly folder: string };

/** Keeps the ids of a partition that memory has no room for in files, a folder for each group, topic and partition. */
export function createOlderIds(options: OlderIdsOptions): Offload<MergerState> {
  return {
    topic: 'events.identified',
    async open(offloadPlace, heartbeat) {
      const { groupId, topic, partition, restored, log } = offloadPlace;
      const folder = join(options.directory, `${groupId}.${topic}-${partition}.ids`);
      const place = { ...options, ...offloadPlace, folder };
      const segments = await openSegments(place, heartbeat);
      const store = new OlderIdsOfPartition(place, segments);
      if (segments.length > 0)
        log.info(
          {
            topic,
            partition,
            ids: store.ids,
            bytes: store.bytes,
            from: String(restored.from),
            end: String(store.end),
          },
          'opened ids on disk',
        );
      return store;
    },
  };
}

class OlderIdsOfPartition implements OlderIds, OpenOffload<MergerState> {
  readonly #place: Place;
  /** Oldest first. */
  #segments: readonly IdSegment[];
  #throughMs: number;
  #tryAt = 0;
  #isClosed = false;
  ids = 0;
  bytes = 0;
  end: bigint;

  constructor(place: Place, segments: readonly IdSegment[]) {
    const { from } = place.restored;
    const last = segments.at(-1);
    this.#place = place;
    this.#segments = segments;
    this.#throughMs = last?.header.throughMs ?? Math.max(0, place.streamTimeMs - place.windowMs);
    this.end = last === undefined || last.to < from ? from : last.to;
    this.#count();
  }

  attach({ duplicates }: MergerState): void {
    duplicates.useOlder(this);
  }

  receivedAt(a: number, b: number, c: number, d: number): number | undefined {
    // The last word on an id is in the last segment that has it.
    for (let index = this.#segments.length - 1; index >= 0; index -= 1) {
      const found = (this.#segments[index] as IdSegment).receivedAt(a, b, c, d);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async settle({ duplicates }: MergerState, at: OffloadTime, heartbeat: () => Promise<void>): Promise<void> {
    const { capacity, topic, partition, log } = this.#place;
    await this.#dropExpired(at.throughMs);
    const flushAt = Math.max(1, Math.min(Math.floor(capacity / 2), MAX_FLUSHED_IDS));
    const { waiting } = duplicates;
    if (waiting < Math.max(flushAt, this.#tryAt) || at.end <= this.end || this.#isClosed) return;
    try {
      const { words, times } = duplicates.unstored();
      const segment = await this.#write(toRows(words, times), this.#headerOf(at), heartbeat);
      if (segment === undefined) return;
      this.#segments = [...this.#segments, segment];
      duplicates.markStored();
      this.end = at.end;
      this.#throughMs = Math.max(this.#throughMs, at.throughMs);
      this.#tryAt = 0;
      this.#count();
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      const { message } = error as Error;
      if (waiting > MOST_OVERFLOW * capacity + flushAt)
        throw new UnavailableError(`Cannot write ids of ${topic}-${partition} to disk: ${message}`);
      this.#tryAt = waiting + Math.ceil(flushAt / 4);
      log.warn(
        { topic, partition, waiting, reason: message },
        'cannot write ids to disk, keeping them in memory',
      );
      return;
    }
    await this.#mergeLast(heartbeat);
  }

  close(): void {
    this.#isClosed = true;
    for (const segment of this.#segments) segment.close();
  }

  #headerOf({ end, position, throughMs }: OffloadTime): Omit<SegmentHeader, 'ids'> {
    return {
      ...sameOf(this.#place),
      from: String(this.end),
      to: String(end),
      position: String(position),
      sinceMs: this.#throughMs,
      throughMs: Math.max(this.#throughMs, throughMs),
    };
  }

  /** Writes a segment and opens it; undefined where the task was closed meanwhile. */
  async #write(
    rows: IdRows,
    header: Omit<SegmentHeader, 'ids'>,
    heartbeat: () => Promise<void>,
  ): Promise<IdSegment | undefined> {
    const { folder } = this.#place;
    const path = join(folder, `${header.from}-${header.to}.ids`);
    await mkdir(folder, { recursive: true });
    await writeSegment(path, { ...header, ids: rows.length / ROW_WORDS }, rows, heartbeat);
    const segment = await IdSegment.open(path, heartbeat);
    if (!this.#isClosed) return segment;
    segment.close();
    return undefined;
  }

  /** Makes one of the last two segments while they are of like size, so that a look-up asks few of them. */
  async #mergeLast(heartbeat: () => Promise<void>): Promise<void> {
    const { windowMs } = this.#place;
    for (;;) {
      const [earlier, later] = this.#segments.slice(-2);
      if (earlier === undefined || later === undefined) return;
      const ids = earlier.header.ids + later.header.ids;
      const spanMs = later.header.throughMs - earlier.header.sinceMs;
      if (earlier.header.ids >= 2 * later.header.ids || ids > MAX_MERGED_IDS) return;
      if (spanMs > windowMs / SPANS_PER_WINDOW) return;
      let rows: IdRows;
      try {
        rows = mergeRows(await earlier.rows(), await later.rows());
      } catch (error) {
        this.#sayNotMerged(error);
        return;
      }
      const { from, sinceMs } = earlier.header;
      let segment: IdSegment | undefined;
      try {
        segment = await this.#write(rows, { ...later.header, from, sinceMs }, heartbeat);
      } catch (error) {
        if (!isOfDisk(error)) throw error;
        this.#sayNotMerged(error);
        return;
      }
      if (segment === undefined) return;
      this.#segments = [...this.#segments.slice(0, -2), segment];
      this.#count();
      await Promise.all([earlier, later].map(remove));
    }
  }

  /** Segments are as good apart as in one; a successor that this task does not know of may have removed them. */
  #sayNotMerged(error: unknown): void {
    const { folder, log } = this.#place;
    log.warn({ folder, reason: (error as Error).message }, 'cannot merge ids on disk');
  }

  async #dropExpired(nowMs: number): Promise<void> {
    const isExpired = ({ header }: IdSegment) => header.throughMs < nowMs - this.#place.windowMs;
    if (!this.#segments.some(isExpired)) return;
    const expired = this.#segments.filter(isExpired);
    this.#segments = this.#segments.filter((segment) => !isExpired(segment));
    this.#count();
    await Promise.all(expired.map(remove));
  }

  #count(): void {
    this.ids = this.#segments.reduce((sum, { header }) => sum + header.ids, 0);
    this.bytes = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** Whether the file system threw it. What a heartbeat throws is for the group. */
function isOfDisk(error: unknown): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall !== undefined && syscall !== 'connect';
}

async function remove(segment: IdSegment): Promise<void> {
  segment.close();
  await rm(segment.path, { force: true });
}

/** What a segment must say of itself to be of this place. */
function sameOf({ clusterId, groupId, topic, partition, partitions }: Belonging) {
  return { format: SEGMENT_FORMAT, clusterId, groupId, topic, partition, partitions };
}

/**
 * Segments that know everything from where a fold would begin, oldest first. Whatever does not fit is removed, all of
 * them where the log behind them may be another one.
 */
async function openSegments(place: Place, heartbeat: () => Promise<void>): Promise<readonly IdSegment[]> {
  const { folder, restored } = place;
  const names = await namesIn(folder);
  let known = await readHeaders(place, names);
  for (;;) {
    const chain = chainFrom(known, restored.from);
    const segments: IdSegment[] = [];
    let broken: string | undefined;
    for (const { path } of chain) {
      let lost: unknown;
      const beat = () =>
        heartbeat().catch((error) => {
          lost = error;
          throw error;
        });
      try {
        segments.push(await IdSegment.open(path, beat));
      } catch (error) {
        if (lost !== undefined) throw closing(segments, lost);
        sayDoubt(place.log, path, (error as Error).message);
        broken = path;
        break;
      }
    }
    if (broken === undefined) {
      const used = new Set(chain.map(({ path }) => path));
      const unused = names.map((name) => join(folder, name)).filter((path) => !used.has(path));
      await Promise.all(unused.map((path) => rm(path, { force: true, recursive: true })));
      return segments;
    }
    closing(segments, undefined);
    known = known.filter(({ path }) => path !== broken);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function closing(segments: readonly IdSegment[], error: unknown): unknown {
  for (const segment of segments) segment.close();
  return error;
}

type KnownSegment = { readonly path: string; readonly from: bigint; readonly to: bigint };

async function readHeaders(place: Place, names: readonly string[]): Promise<KnownSegment[]> {
  const { folder, log } = place;
  const known: KnownSegment[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (!name.endsWith('.ids')) continue;
    try {
      const header = await readSegmentHeader(path);
      const reason = whyDoubtful(header, place);
      if (reason === '') known.push({ path, from: BigInt(header.from), to: BigInt(header.to) });
      else {
        sayDoubt(log, path, reason);
        // One of another log says that the others may be of it too.
        return [];
      }
    } catch (error) {
      sayDoubt(log, path, (error as Error).message);
    }
  }
  return known;
}

/** Why a segment cannot be of this place and this log; empty where it can. */
export function whyDoubtful(
  header: SegmentHeader,
  place: Belonging & Pick<OffloadPlace, 'position' | 'restored'>,
): string {
  for (const [field, value] of Object.entries(sameOf(place))) {
    const was = header[field as keyof SegmentHeader];
    if (was !== value) return `${field} was ${was} and is ${value}`;
  }
  if (BigInt(header.position) > place.position)
    return `it is of offset ${header.position}, the committed one is ${place.position}`;
  if (BigInt(header.to) > place.restored.end)
    return `it goes up to ${header.to}, and the topic ends at ${place.restored.end}`;
  return '';
}

function sayDoubt(log: Logger, path: string, reason: string): void {
  log.warn({ path, reason }, 'threw ids on disk away');
}
