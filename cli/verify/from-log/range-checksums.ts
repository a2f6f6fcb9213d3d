import { hash } from 'node:crypto';
import type { ChecksumRow } from '#queries/stored-rows.ts';

/** Offsets of the log that one checksum covers. */
export const RANGE_SIZE = 16_384;

type Sum = { rows: number; checksum: bigint };

/** Checksums of rows by range of offsets, as ClickHouse computes them. */
export class RangeChecksums {
  readonly #sums = new Map<number, Sum>();
  rows = 0;

  add(offset: number, text: string): void {
    const range = Math.floor(offset / RANGE_SIZE);
    const sum = this.#sums.getOrInsertComputed(range, () => ({ rows: 0, checksum: 0n }));
    sum.rows += 1;
    sum.checksum += hash('md5', text, 'buffer').readBigUInt64BE(0);
    this.rows += 1;
  }

  /** Ranges that are not the same in ClickHouse, in order. */
  differingFrom(found: readonly ChecksumRow[]): number[] {
    const differing = new Set(this.#sums.keys());
    for (const { range, rows, checksum } of found) {
      const own = this.#sums.get(range);
      const isEqual = own?.rows === rows && BigInt.asUintN(64, own.checksum) === BigInt(checksum);
      if (isEqual) differing.delete(range);
      else differing.add(range);
    }
    return [...differing].sort((left, right) => left - right);
  }
}
