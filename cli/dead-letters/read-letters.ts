import type { Admin } from 'kafkajs';
import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { readOrigin } from '#lib/streams/origin.ts';
import { readRetry } from '#lib/streams/retry.ts';
import { rejectedCodec } from '#schemas/codec.ts';
import { DecodeError } from '#schemas/framing.ts';
import { type DeadLetter, RETRIED, refusalOf } from './letter.ts';

const TOPIC = 'events.rejected';

export type Letters = {
  /** In the order they were written, each refusal once. */
  readonly letters: readonly DeadLetter[];
  /** Records in the topic that are no dead letters. */
  readonly unreadable: number;
};

/** A dead letter with the bytes it holds. */
export type WholeLetter = DeadLetter & { readonly value: Buffer };

type Entry = WholeLetter & { readonly isMark: boolean };

/** Partitions of events.rejected; none where there is no such topic yet. */
export async function letterPartitions(admin: Admin): Promise<readonly number[]> {
  if (!(await admin.listTopics()).includes(TOPIC)) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
  return topics.flatMap(({ partitions }) => partitions.map(({ partitionId }) => partitionId));
}

/** Dead letters of some partitions, with what became of them, up to the end of the topic as it is now. */
export async function readLetters(reader: PartitionReader, partitions: readonly number[]): Promise<Letters> {
  const read = await Promise.all(partitions.map((partition) => readPartition(reader, partition)));
  return {
    letters: read.flatMap(({ letters }) => letters),
    unreadable: read.reduce((sum, { unreadable }) => sum + unreadable, 0),
  };
}

async function readPartition(reader: PartitionReader, partition: number): Promise<Letters> {
  const letters = new Map<string, DeadLetter>();
  let unreadable = 0;
  for await (const entry of entriesOf(reader, partition)) {
    if (entry === undefined) {
      unreadable += 1;
      continue;
    }
    const { value: _, isMark, ...letter } = entry;
    const refusal = refusalOf(letter);
    const known = letters.get(refusal);
    if (isMark && known !== undefined) {
      letters.set(refusal, { ...known, retried: { as: letter.message, atMs: letter.receivedAtMs } });
    } else if (!isMark && known === undefined) {
      // Own bytes: a view would keep all that was fetched with it.
      letters.set(refusal, { ...letter, key: Buffer.from(letter.key) });
    }
  }
  return { letters: [...letters.values()], unreadable };
}

/** The letters of a partition with some ids, whole, one after the other. */
export async function* wholeLetters(
  reader: PartitionReader,
  partition: number,
  ids: ReadonlySet<string>,
): AsyncGenerator<WholeLetter> {
  for await (const entry of entriesOf(reader, partition))
    if (entry !== undefined && ids.has(entry.id)) yield entry;
}

/** Records of a partition of events.rejected; undefined for one that cannot be read. */
async function* entriesOf(reader: PartitionReader, partition: number): AsyncGenerator<Entry | undefined> {
  const { start, end } = await reader.bounds(TOPIC, partition);
  for await (const { messages } of reader.read({ topic: TOPIC, partition, from: start, to: end })) {
    for (const { value: bytes, headers, offset, timestamp } of messages) {
      try {
        const { value, ...fields } = rejectedCodec.decode(bytes);
        yield {
          ...fields,
          id: `${partition}:${offset}`,
          receivedAtMs: Number(timestamp),
          size: value.length,
          value,
          origin: readOrigin(headers) ?? { ...fields, offset: BigInt(fields.offset) },
          retryOf: readRetry(headers)?.letter,
          retried: undefined,
          isMark: fields.code === RETRIED,
        };
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        yield undefined;
      }
    }
  }
}
