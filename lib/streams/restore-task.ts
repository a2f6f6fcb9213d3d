import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from '#lib/errors.ts';
import { DecodeError } from '#schemas/framing.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { type CommitMetadata, decodeMetadata } from './commit-metadata.ts';
import { committedOffset } from './committed-offset.ts';
import type { OpenOffload } from './offload.ts';
import type { TaskContext } from './task.ts';
import { usableSnapshot } from './task-snapshot.ts';

const RESTORE_LOG_EVERY_MS = 5000;
const END_ATTEMPTS = 8;
const END_RETRY_MS = 500;

/**
 * Where a partition goes on, and what was known there. Throws ConfigError where the log no longer reaches back, or
 * where it is not known any more how far it was processed.
 */
export async function committedPosition<State>(context: TaskContext<State>, partition: number) {
  const { topic } = context;
  const admin = context.kafka.admin();
  await admin.connect();
  try {
    const committed = await committedOffset(context, admin, partition);
    const { start } = await context.reader.bounds(topic, partition);
    if (committed === undefined) return { position: start, metadata: decodeMetadata(null) };
    const position = committed.offset;
    if (position < start) {
      throw new ConfigError([
        `Cannot go on with ${topic}-${partition} at offset ${position}: the topic starts at ${start}, so records were ` +
          'deleted before they were processed. They are still in events.collected: build a new generation by replay',
      ]);
    }
    await requireReached(context, partition, position);
    return { position, metadata: decodeMetadata(committed.metadata) };
  } finally {
    await admin.disconnect();
  }
}

/**
 * Throws ConfigError where a topic ends before a position in it. A broker that has just become the leader may not
 * know yet how far its readers may read, so it is asked for a while.
 */
async function requireReached<State>(
  { topic, reader }: TaskContext<State>,
  partition: number,
  position: bigint,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { end } = await reader.bounds(topic, partition);
    if (position <= end) return;
    if (attempt === END_ATTEMPTS) {
      throw new ConfigError([
        `Cannot go on with ${topic}-${partition} at offset ${position}: the topic ends at ${end}, so it was deleted and ` +
          'made anew, or this is another cluster. Put it back, or start a new generation (CAIRN_GENERATION)',
      ]);
    }
    await pause(END_RETRY_MS);
  }
}

/** Each restored topic: its offsets, and from which of them on records count. */
type Bounds = Readonly<Record<string, { start: bigint; end: bigint; from: bigint }>>;

export type Restored<State> = {
  readonly state: State;
  /** Where each restored topic ended. */
  readonly ends: Readonly<Record<string, bigint>>;
  readonly offload: OpenOffload<State> | undefined;
};

/**
 * State of a partition, folded from the stage's own outputs: from a snapshot on where there is a usable one, and
 * beside what was offloaded of it. `heartbeat` is called all the while.
 */
export async function restoreState<State>(
  context: TaskContext<State>,
  partition: number,
  { position, metadata }: { position: bigint; metadata: CommitMetadata },
  heartbeat: () => Promise<void>,
): Promise<Restored<State>> {
  const { processor, reader, generation } = context;
  const bounds: Record<string, { start: bigint; end: bigint; from: bigint }> = {};
  for (const { topic: name, windowMs } of processor.restores) {
    const topic = topicInKafka(name, generation);
    const { start, end } = await reader.bounds(topic, partition);
    const inWindow =
      windowMs === undefined
        ? start
        : await reader.offsetAtTime(topic, partition, metadata.streamTime - windowMs);
    bounds[topic] = { start, end, from: inWindow ?? end };
  }
  const offload = await openOffload(context, partition, { position, metadata }, bounds, heartbeat);
  try {
    return {
      ...(await foldState(context, partition, { position, metadata }, { bounds, offload }, heartbeat)),
      offload,
    };
  } catch (error) {
    offload?.close();
    throw error;
  }
}

async function foldState<State>(
  context: TaskContext<State>,
  partition: number,
  { position, metadata }: { position: bigint; metadata: CommitMetadata },
  { bounds, offload }: { bounds: Bounds; offload: OpenOffload<State> | undefined },
  heartbeat: () => Promise<void>,
): Promise<Omit<Restored<State>, 'offload'>> {
  const { processor, reader, generation } = context;
  const snapshot = await usableSnapshot(context, partition, position, bounds, offload?.end);
  const state = snapshot?.state ?? processor.createState();
  offload?.attach(state);
  for (const { topic: name, fold } of processor.restores) {
    const topic = topicInKafka(name, generation);
    const { from: inWindow, end: to } = bounds[topic] as Bounds[string];
    const offloaded = name === context.offload?.store.topic ? offload : undefined;
    const from = latest(inWindow, snapshot?.ends[topic], offloaded?.end);
    let throughMs = snapshot === undefined ? 0 : metadata.streamTime;
    await foldTopic(
      context,
      { topic, partition, from, to },
      (record) => {
        fold(state, record);
        throughMs = Math.max(throughMs, record.timestampMs);
      },
      heartbeat,
      async (end) => offloaded?.settle(state, { end, position, throughMs }, heartbeat),
    );
  }
  for (const { topic: name, fold } of processor.broadcasts ?? []) {
    const topic = topicInKafka(name, generation);
    for (const each of await reader.partitions(topic)) {
      const { start: from, end: to } = await reader.bounds(topic, each);
      await foldTopic(
        context,
        { topic, partition: each, from, to },
        (record) => fold(state, record),
        heartbeat,
      );
    }
  }
  const ends = Object.fromEntries(Object.entries(bounds).map(([topic, { end }]) => [topic, end]));
  return { state, ends };
}

function latest(first: bigint, ...others: readonly (bigint | undefined)[]): bigint {
  return others.reduce<bigint>((last, other) => (other !== undefined && other > last ? other : last), first);
}

async function openOffload<State>(
  { offload, groupId, topic, generation, log }: TaskContext<State>,
  partition: number,
  { position, metadata }: { position: bigint; metadata: CommitMetadata },
  bounds: Bounds,
  heartbeat: () => Promise<void>,
): Promise<OpenOffload<State> | undefined> {
  if (offload === undefined) return undefined;
  const restored = bounds[topicInKafka(offload.store.topic, generation)] as Bounds[string];
  const { clusterId } = offload;
  const streamTimeMs = metadata.streamTime;
  const place = { clusterId, groupId, topic, partition, position, streamTimeMs, restored, log };
  return offload.store.open(place, heartbeat);
}

async function foldTopic<State>(
  { reader, log }: TaskContext<State>,
  range: { topic: string; partition: number; from: bigint; to: bigint },
  fold: (record: { key: Buffer; value: Buffer | null; timestampMs: number }) => void,
  heartbeat: () => Promise<void>,
  afterChunk: (next: bigint) => Promise<void> = async () => {},
): Promise<void> {
  const { topic, partition, from, to } = range;
  if (from >= to) return;
  let saidAtMs = Date.now();
  for await (const { messages, next } of reader.read({ topic, partition, from, to })) {
    for (const { key, value, timestamp, offset } of messages) {
      try {
        fold({ key: key ?? Buffer.alloc(0), value, timestampMs: Number(timestamp) });
      } catch (error) {
        // What this stage published decodes: a record that does not is another writer's and holds no state of it.
        if (!(error instanceof DecodeError || error instanceof RangeError)) throw error;
        log.warn(
          { topic, partition, offset, reason: error.message },
          'passing over a record while restoring',
        );
      }
    }
    await afterChunk(next < to ? next : to);
    await heartbeat();
    if (Date.now() - saidAtMs >= RESTORE_LOG_EVERY_MS) {
      log.info({ topic, partition, at: Number(next), of: Number(to) }, 'restoring');
      saidAtMs = Date.now();
    }
  }
}
