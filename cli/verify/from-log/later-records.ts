import { readHead } from '#schemas/collected-head.ts';
import { DecodeError } from '#schemas/framing.ts';
import { canonicalUserId } from '#schemas/ids.ts';
import type { KafkaAccess } from '../../kafka-access.ts';
import { IdMap } from './id-map.ts';
import type { JudgedBinding } from './people.ts';
import { readRecords } from './read-records.ts';
import { resolve } from './users.ts';

/**
 * Whom records after the cut are about. Whatever ClickHouse shows came from a record that was in the log before,
 * so once the log has been read to its end after an answer, a row that no later record is about stands as it
 * stood at the cut.
 */
export class LaterRecords {
  readonly #kafka: KafkaAccess;
  readonly #topic: string;
  readonly #positions: Map<number, bigint>;
  readonly #devices = new IdMap<true>();
  /** Canonical ids of identities that were named. */
  readonly #identities = new IdMap<true>();
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
        for (const { value } of records) this.#note(value);
      this.#positions.set(partition, end);
      this.counts.set(partition, (this.counts.get(partition) ?? 0) + Number(end - from));
    }
  }

  #note(value: Buffer | null): void {
    try {
      const { environment, deviceId, identity } = readHead(value);
      this.#devices.set(environment, deviceId, true);
      if (identity !== '') this.#identities.set(environment, canonicalUserId(environment, identity), true);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }

  isDevice(environment: number, deviceId: number): boolean {
    return this.#devices.has(environment, deviceId);
  }

  /**
   * Devices and users that may look otherwise by now. A verdict is about an identity's whole set of bindings, and
   * a device may have become known as canonical: where one binding of an identity may change, all may.
   */
  people(judged: IdMap<JudgedBinding>): IdMap<true> {
    const touched = new IdMap<true>();
    const identities = new IdMap<true>();
    for (const [environment, id] of this.#identities.entries()) {
      touched.set(environment, id, true);
      identities.set(environment, id, true);
    }
    for (const [environment, id] of this.#devices.entries()) {
      touched.set(environment, id, true);
      touched.set(environment, resolve(judged, environment, id), true);
    }
    for (const [environment, from, { binding }] of judged.entries())
      if (this.isDevice(environment, from) || this.#identities.has(environment, from))
        identities.set(environment, binding.to_user_id, true);
    for (const [environment, from, { binding }] of judged.entries()) {
      if (!identities.has(environment, binding.to_user_id)) continue;
      touched.set(environment, from, true);
      touched.set(environment, binding.to_user_id, true);
    }
    return touched;
  }
}
