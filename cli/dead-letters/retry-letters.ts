import { setTimeout as pause } from 'node:timers/promises';
import { type IHeaders, type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import { readGenerations } from '#lib/generations/known-generations.ts';
import { isMoving } from '#lib/generations/log-revision.ts';
import { isTooLarge } from '#lib/kafka/too-large.ts';
import { originHeaders } from '#lib/streams/origin.ts';
import { retryHeaders } from '#lib/streams/retry.ts';
import { rejectedCodec } from '#schemas/codec.ts';
import type { KafkaAccess } from '../kafka-access.ts';
import { CommandError } from '../usage-error.ts';
import { type DeadLetter, placeText, RETRIED, topicNameOf } from './letter.ts';
import { readLetters, type WholeLetter, wholeLetters } from './read-letters.ts';

/** Bytes of records of one transaction: well below what a request may have. */
const BYTES_PER_TRANSACTION = 2 * 1024 * 1024;
const LETTERS_PER_TRANSACTION = 1000;
const SETTLE_PATIENCE_MS = 30_000;
const SETTLE_POLL_MS = 100;

export type Retried = { readonly letter: DeadLetter; readonly as: string };
export type Passed = { readonly letter: DeadLetter; readonly reason: string };
export type RetryResult = { readonly retried: readonly Retried[]; readonly passed: readonly Passed[] };

/**
 * Puts dead letters back into the topics and partitions they were read from, each once however often and from
 * wherever this is called. A transaction holds the records and, in events.rejected, a mark for each; the
 * transactional id belongs to the partition, and to initialise it ends what an earlier caller had begun, so
 * the marks read after that are all there are.
 *
 * A record keeps its timestamp, which is its receive time: stream time is the largest seen, and a record of the
 * past does not change it. It keeps its origin, too, and says whose letter it was put back from.
 *
 * Throws CommandError where Kafka refuses, or another caller takes over meanwhile.
 */
export async function retryLetters(
  kafka: Kafka,
  access: KafkaAccess,
  letters: readonly DeadLetter[],
): Promise<RetryResult> {
  const retried: Retried[] = [];
  const passed: Passed[] = [];
  // The partition of a letter is that of the record: no stage moves one.
  for (const [partition, own] of Map.groupBy(letters, partitionOfLetter)) {
    const producer = kafka.producer({
      transactionalId: `cairn.dead-letters.retry-${partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: { retries: 10 },
    });
    try {
      await producer.connect();
      await (await producer.transaction()).abort();
      await waitUntilSettled(access, partition);
      const known = new Map(
        (await readLetters(access.reader, [partition])).letters.map((one) => [one.id, one]),
      );
      const wanted = new Set<string>();
      for (const letter of own) {
        const reason = await whyNot(access, known.get(letter.id) ?? letter);
        if (reason === '') wanted.add(letter.id);
        else passed.push({ letter, reason });
      }
      retried.push(...(await putBack(producer, access, partition, wanted)));
    } catch (cause) {
      if (cause instanceof CommandError) throw cause;
      if (isTooLarge(cause) && isMoving(await readGenerations(access.reader)))
        throw new CommandError(
          `Cannot put dead letters of partition ${partition} back: the log is being moved to another number of partitions ` +
            'and takes no records; run cairn replay to its end first',
          { cause },
        );
      // Another caller may have fenced this one off.
      throw new CommandError(
        `Cannot put dead letters of partition ${partition} back: ${(cause as Error).message}. What was put back is ` +
          'marked: run it again',
        { cause },
      );
    } finally {
      await producer.disconnect();
    }
  }
  return { retried, passed };
}

function partitionOfLetter({ id }: DeadLetter): number {
  return Number(id.split(':')[0]);
}

/** Waits until readers see all that is in a partition of events.rejected: stages may have transactions open. */
async function waitUntilSettled({ reader }: KafkaAccess, partition: number): Promise<void> {
  // Not what kafkajs's admin calls `high`: it asks for committed records, so that is where readers are already.
  const high = await reader.highWatermark('events.rejected', partition);
  const giveUpAt = performance.now() + SETTLE_PATIENCE_MS;
  while ((await reader.bounds('events.rejected', partition)).end < high) {
    if (performance.now() > giveUpAt) {
      throw new CommandError(
        `Cannot put dead letters back: a transaction in events.rejected-${partition} has not ended for ` +
          `${SETTLE_PATIENCE_MS / 1000} s, so it cannot be told which were put back before`,
      );
    }
    await pause(SETTLE_POLL_MS);
  }
}

/** Why a letter is passed over; empty where it is not. */
async function whyNot({ reader }: KafkaAccess, letter: DeadLetter): Promise<string> {
  if (letter.retried !== undefined) return `it was put back as ${letter.retried.as}`;
  if (topicNameOf(letter.topic) !== 'identity.migrations') return '';
  // The topic is state: an older record must not come to lie behind a newer one of its key.
  const { topic, partition } = letter;
  const { start, end } = await reader.bounds(topic, partition);
  const after = BigInt(letter.offset) + 1n;
  for await (const { messages } of reader.read({
    topic,
    partition,
    from: after > start ? after : start,
    to: end,
  })) {
    const newer = messages.find(({ key }) => key?.equals(letter.key));
    if (newer !== undefined) return `${topic}-${partition}@${newer.offset} is a newer record of its key`;
  }
  return '';
}

async function putBack(
  producer: Producer,
  { reader }: KafkaAccess,
  partition: number,
  ids: ReadonlySet<string>,
): Promise<Retried[]> {
  const done: Retried[] = [];
  let batch: WholeLetter[] = [];
  let bytes = 0;
  for await (const letter of wholeLetters(reader, partition, ids)) {
    if (bytes + letter.size > BYTES_PER_TRANSACTION || batch.length === LETTERS_PER_TRANSACTION) {
      done.push(...(await putBackBatch(producer, partition, batch)));
      batch = [];
      bytes = 0;
    }
    batch.push(letter);
    bytes += letter.size;
  }
  if (batch.length > 0) done.push(...(await putBackBatch(producer, partition, batch)));
  return done;
}

/** Puts some letters back in one transaction: all of them, or none. */
async function putBackBatch(
  producer: Producer,
  partition: number,
  letters: readonly WholeLetter[],
): Promise<Retried[]> {
  const transaction = await producer.transaction();
  try {
    const retried: Retried[] = [];
    const marks: Message[] = [];
    for (const [topic, own] of Map.groupBy(letters, (letter) => letter.topic)) {
      const [sent] = await transaction.send({ topic, acks: -1, messages: own.map(recordOf) });
      const first = BigInt(sent?.baseOffset ?? 0);
      for (const [index, letter] of own.entries()) {
        const as = placeText({ topic, partition: letter.partition, offset: first + BigInt(index) });
        retried.push({ letter, as });
        marks.push(markOf(letter, partition, as));
      }
    }
    await transaction.send({ topic: 'events.rejected', acks: -1, messages: marks });
    await transaction.commit();
    return retried;
  } catch (error) {
    await transaction.abort().catch(() => undefined);
    throw error;
  }
}

function headersOf({ id, retryOf, generation, origin }: DeadLetter): IHeaders {
  return { ...originHeaders(origin), ...retryHeaders({ letter: retryOf ?? id, generation }) };
}

function recordOf(letter: WholeLetter): Message {
  const { partition, key, value, code, receivedAtMs } = letter;
  return {
    partition,
    key: key.length === 0 ? null : key,
    value: code === 'empty_value' && value.length === 0 ? null : value,
    timestamp: String(receivedAtMs),
    headers: headersOf(letter),
  };
}

/** The record that says a letter was put back: it names the refusal it belongs to. */
function markOf(letter: WholeLetter, partition: number, as: string): Message {
  const { stage, generation, topic, offset, kind, key } = letter;
  return {
    partition,
    key,
    timestamp: String(Date.now()),
    headers: headersOf(letter),
    value: rejectedCodec.encode({
      stage,
      generation,
      code: RETRIED,
      message: as,
      topic,
      partition: letter.partition,
      offset,
      kind,
      key,
    }),
  };
}
