import kafkajs, { type Admin, type Consumer, type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import { type RunningConsumer, runConsumer } from '#lib/kafka/run-consumer.ts';
import type { Logger } from '#lib/service/logger.ts';
import { readOrigin } from '#lib/streams/origin.ts';
import { readRetry } from '#lib/streams/retry.ts';
import { ORIGIN_HEADERS, type StageTopic, topicInKafka } from '#schemas/topics.ts';
import type { LoadRecord } from '../core/chunk-rows.ts';
import { type Chunk, type Limits, planChunks } from '../core/chunks.ts';
import { advance, formatMetadata, type Position, type Range, readPosition } from '../core/position.ts';
import { requireKept } from '../core/start-check.ts';

/** What loading a chunk gave: for the counters that are committed with its offsets. */
export type Loaded = { readonly outcomes: ReadonlyMap<string, number>; readonly streamTimeMs: number };

export type ChunkLoader = (
  source: { readonly name: StageTopic; readonly topic: string; readonly partition: number },
  range: Range,
  records: readonly LoadRecord[],
  isWanted: () => boolean,
  /** The range was announced by a member that may have inserted it, in part or whole. */
  isRepeat: boolean,
) => Promise<Loaded>;

export type LoadingConsumerOptions = {
  readonly consumer: Consumer;
  readonly admin: Admin;
  readonly groupId: string;
  readonly generation: number;
  readonly topics: readonly StageTopic[];
  /** Partitions that are loaded at the same time. */
  readonly concurrency: number;
  readonly limits: Limits;
  readonly load: ChunkLoader;
  /** Throws where ClickHouse holds records beyond a position, or beyond its intent. */
  readonly checkStart: (
    name: StageTopic,
    partition: number,
    position: Position,
    isWanted: () => boolean,
  ) => Promise<void>;
  /** Called with the partitions of each topic that this member has now, whenever they are dealt out. */
  readonly onAssigned: (assignment: Readonly<Record<string, readonly number[]>>) => void;
  readonly log: Logger;
  /** Called with an error that the service cannot live with. */
  readonly fail: (error: unknown) => void;
};

/** A partition since it was assigned. */
type Task = { position: Position; waiting: readonly LoadRecord[] };

/** Often enough for a session timeout of 6 s. */
const HEARTBEAT_MS = 1000;

/**
 * Loads partitions exactly once: announce the range of the next insert in the metadata of an offset commit, insert
 * it under a token made of that range, commit past it (and announce the next one with it).
 *
 * - All of it happens within kafkajs's eachBatch. A member joins its group again only when every eachBatch has
 *   ended, so no commit can be made for a partition that has gone to another member; and each commit
 *   carries the member's generation, so a member that was put out of the group commits nothing.
 * - Positions are read from the group's commits once after each join and kept until the next.
 */
export async function startLoadingConsumer(options: LoadingConsumerOptions): Promise<RunningConsumer> {
  const { consumer, admin, groupId, generation, limits, log, fail } = options;
  const tasks = new Map<string, Task>();
  const names = new Map(options.topics.map((name) => [topicInKafka(name, generation), name]));

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    tasks.clear();
    options.onAssigned(payload.memberAssignment);
    log.info({ group: groupId, assignment: payload.memberAssignment }, 'assigned');
  });

  async function openTask(topic: string, partition: number, isWanted: () => boolean): Promise<Task> {
    const [fetched] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = fetched?.partitions.find((entry) => entry.partition === partition);
    const position = readPosition(committed?.offset ?? '-1', committed?.metadata ?? null);
    const kept = (await admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
    requireKept(topic, partition, position.next, BigInt(kept?.low ?? 0));
    await options.checkStart(names.get(topic) as StageTopic, partition, position, isWanted);
    if (position.intent !== undefined)
      log.info(
        { topic, partition, range: formatMetadata(position) },
        'repeating an insert that was announced',
      );
    return { position, waiting: [] };
  }

  async function loadBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const name = names.get(topic) as StageTopic;
    const key = `${topic} ${partition}`;
    const task =
      tasks.get(key) ?? (await withHeartbeat(payload, (isWanted) => openTask(topic, partition, isWanted)));
    tasks.set(key, task);

    const commit = async (position: Position) => {
      const offsets = { partition, offset: String(position.next), metadata: formatMetadata(position) };
      try {
        await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [offsets] }] });
      } catch (error) {
        throw isAnswer(error) ? error : leaveGroup(error as Error);
      }
      task.position = position;
    };
    const loadChunk = async (
      chunk: Chunk<LoadRecord>,
      next: Chunk<LoadRecord> | undefined,
      isWanted: () => boolean,
    ) => {
      const { range, records, announced } = chunk;
      const { intent } = task.position;
      if (intent?.first !== range.first || intent.last !== range.last) {
        await commit({ ...task.position, intent: range });
      }
      const loaded = await options.load({ name, topic, partition }, range, records, isWanted, announced);
      const past = advance(task.position, range, loaded.outcomes, loaded.streamTimeMs);
      await commit(next === undefined ? past : { ...past, intent: next.range });
    };

    const read = [...task.waiting, ...messages.map(toRecord)];
    const plan = planChunks(task.position.next, task.position.intent, read, limits);
    for (const [index, chunk] of plan.chunks.entries()) {
      await withHeartbeat(payload, (isWanted) => loadChunk(chunk, plan.chunks[index + 1], isWanted));
    }
    task.waiting = plan.waiting;
  }

  await consumer.connect();
  await consumer.subscribe({ topics: [...names.keys()], fromBeginning: true });
  const eachBatch = async (payload: EachBatchPayload) => {
    try {
      await loadBatch(payload);
    } catch (error) {
      if (!isKafkaError(error) && payload.isRunning()) fail(error);
      throw error;
    }
  };
  return runConsumer(
    consumer,
    { autoCommit: false, partitionsConsumedConcurrently: options.concurrency, eachBatch },
    { log, fail },
  );
}

/**
 * Does work and keeps the member's place in its group meanwhile. Work that waits for something asks `isWanted`,
 * which is false once the place is lost or the consumer stops. Throws the reason why the place was lost.
 */
async function withHeartbeat<T>(
  payload: EachBatchPayload,
  work: (isWanted: () => boolean) => Promise<T>,
): Promise<T> {
  let lost: unknown;
  const beat = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => {
      lost ??= error;
    });
  }, HEARTBEAT_MS);
  try {
    const result = await work(() => lost === undefined && payload.isRunning());
    if (lost !== undefined) throw lost;
    return result;
  } catch (error) {
    throw lost ?? error;
  } finally {
    clearInterval(beat);
  }
}

/** Whether the broker itself refused, so that it is known what became of a request. */
function isAnswer(error: unknown): boolean {
  return (error as Error).name === 'KafkaJSProtocolError';
}

/**
 * What to throw where no answer came to a commit. The request may still be on its way, and one that arrives after
 * later commits of the same member would set the partition back to before what has been inserted since. kafkajs
 * leaves the group for this error; as another member of it, the loader is past what the former one sent.
 */
function leaveGroup(cause: Error): Error {
  return Object.assign(new kafkajs.KafkaJSNonRetriableError(cause.message), { cause });
}

/** Errors of Kafka's are kafkajs's to handle: it joins the group again or tries again. */
function isKafkaError(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

function toRecord({ offset, key, value, timestamp, headers }: KafkaMessage): LoadRecord {
  return {
    offset: BigInt(offset),
    bytes: (key?.length ?? 0) + (value?.length ?? 0),
    key,
    value,
    timestampMs: Number(timestamp),
    originPartition: headerNumber(headers?.[ORIGIN_HEADERS.partition]),
    originOffset: headerNumber(headers?.[ORIGIN_HEADERS.offset]),
    origin: readOrigin(headers),
    retry: readRetry(headers),
  };
}

function headerNumber(header: Buffer | string | (Buffer | string)[] | undefined): number {
  const text = Array.isArray(header) ? header[0] : header;
  const number = Number(text ?? 0);
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}
