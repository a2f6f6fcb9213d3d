import type { KafkaAccess } from '../../kafka-access.ts';
import { readRecords } from './read-records.ts';
import { Touched } from './touched.ts';

/**
 * Whom records after the cut are about. Whatever ClickHouse shows came from a record that was in the log before,
 * so once the log has been read to its end after an answer, a row that no later record is about stands as it
 * stood at the cut.
 */
export class LaterRecords {
  readonly #kafka: KafkaAccess;
  readonly #topic: string;
  readonly #positions: Map<number, bigint>;
  readonly touched = new Touched();
  /** Records after the cut, by partition. */
  readonly counts = new Map<number, number>();

  constructor(kafka: KafkaAccess, topic: string, cut: readonly bigint[]) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#positions = new Map(cut.entries());
  }

  /** Reads the log to its end as it is now. */
  async catchUp(partitions: Iterable<number> = this.#positions.keys()): Promise<void> {
    for (const partition of partitions) {
      const from = this.#positions.get(partition) ?? 0n;
      const { end } = await this.#kafka.reader.bounds(this.#topic, partition);
      if (end <= from) continue;
      const stretch = { topic: this.#topic, partition, from, to: end };
      for await (const records of readRecords(this.#kafka.reader, stretch))
        for (const { value } of records) this.touched.note(value);
      this.#positions.set(partition, end);
      this.counts.set(partition, (this.counts.get(partition) ?? 0) + Number(end - from));
    }
  }
}
