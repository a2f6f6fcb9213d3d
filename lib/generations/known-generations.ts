import type { PartitionReader } from '#lib/kafka/partition-reader.ts';
import { generationCodec } from '#schemas/codec.ts';
import type { Generation } from '#schemas/types.ts';

const TOPIC = 'generations';

/** What was written down of generations, by number: the last word on each. One that no replay made may be missing. */
export async function readGenerations(reader: PartitionReader): Promise<ReadonlyMap<number, Generation>> {
  const known = new Map<number, Generation>();
  for (const partition of await reader.partitions(TOPIC)) {
    const { start, end } = await reader.bounds(TOPIC, partition);
    for await (const { messages } of reader.read({ topic: TOPIC, partition, from: start, to: end })) {
      for (const { value } of messages) {
        if (value === null) continue;
        const generation = generationCodec.decode(value);
        known.set(generation.generation, generation);
      }
    }
  }
  return known;
}
