import avro from 'avsc';

/**
 * Avro `long` holding an unsigned 53-bit integer as a JavaScript number.
 *
 * avsc's own long type refuses 2^53-1, which is a legal user id in Heap's id space. The encoding is the
 * usual zigzag varint: twice a 53-bit number is even and therefore still exact as a double.
 */
export class Uint53Type extends avro.types.LongType {
  /** avsc calls this with the value and an optional error hook; it is the whole of `isValid`. */
  protected _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: unknown) => void): boolean {
    const valid = Number.isSafeInteger(value) && (value as number) >= 0;
    if (!valid && hook !== undefined) hook(value, this);
    return valid;
  }

  protected _read(tap: { readLong(): number }): number {
    return tap.readLong();
  }

  protected _write(tap: { writeLong(value: number): void }, value: unknown): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw new RangeError(
        `Cannot encode an id or time: want an integer in 0..2^53-1, current value is ${value}`,
      );
    }
    tap.writeLong(value as number);
  }
}
