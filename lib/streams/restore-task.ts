import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from '#lib/errors.ts';
import { DecodeError } from '#schemas/framing.ts';
import { topicInKafka } from '#schemas/topics.ts';
import { type CommitMetadata, decodeMetadata } from './commit-metadata.ts';
import { committedOffset } from './committed-offset.ts';
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

/**
 * State of a partition, folded from the stage's own outputs: from a snapshot on where there is a usable one.
 * `heartbeat` is called all the while.
 */
export async function restoreState<State>(
  context: TaskContext<State>,
  partition: number,
  { position, metadata }: { position: bigint; metadata: CommitMetadata },
  heartbeat: () => Promise<void>,
): Promise<State> {
  const { processor, reader, generation } = context;
  const bounds: Record<string, { start: bigint; end: bigint }> = {};
  for (const { topic: name } of processor.restores) {
    const topic = topicInKafka(name, generation);
    bounds[topic] = await reader.bounds(topic, partition);
  }
  const snapshot = await usableSnapshot(context, partition, position, bounds);
  const state = snapshot?.state ?? processor.createState();
  for (const { topic: name, windowMs, fold } of processor.restores) {
    const topic = topicInKafka(name, generation);
    const { start, end } = bounds[topic] as { start: bigint; end: bigint };
    const inWindow =
      windowMs === undefined
        ? start
        : await reader.offsetAtTime(topic, partition, metadata.streamTime - windowMs);
    if (inWindow === undefined) continue;
    const known = snapshot?.ends[topic] ?? start;
    const from = inWindow > known ? inWindow : known;
    await foldTopic(context, { topic, partition, from, to: end }, (record) => fold(state, record), heartbeat);
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
  return state;
}

async function foldTopic<State>(
  { reader, log }: TaskContext<State>,
  range: { topic: string; partition: number; from: bigint; to: bigint },
  fold: (record: { key: Buffer; value: Buffer | null; timestampMs: number }) => void,
  heartbeat: () => Promise<void>,
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
    await heartbeat();
    if (Date.now() - saidAtMs >= RESTORE_LOG_EVERY_MS) {
      log.info({ topic, partition, at: Number(next), of: Number(to) }, 'restoring');
      saidAtMs = Date.now();
    }
  }
}
