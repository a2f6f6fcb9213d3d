import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RANGE_SIZE, RangeChecksums } from './range-checksums.ts';

/** MD5 of `abc` begins with these eight bytes. */
const ABC = '10376663631224000432';

test('differingFrom() finds nothing where rows and sums are equal, and every range where they are not', () => {
  const checksums = new RangeChecksums();
  checksums.add(1, 'abc');
  checksums.add(RANGE_SIZE, 'abc');
  checksums.add(RANGE_SIZE + 1, 'abc');
  const twice = BigInt.asUintN(64, 2n * BigInt(ABC)).toString();
  const found = [
    { range: 0, rows: 1, checksum: ABC },
    { range: 1, rows: 2, checksum: twice },
  ];
  assert.deepEqual(checksums.differingFrom(found), []);
  assert.deepEqual(checksums.differingFrom(found.slice(1)), [0]);
  assert.deepEqual(checksums.differingFrom([...found, { range: 7, rows: 1, checksum: '5' }]), [7]);
  assert.deepEqual(checksums.differingFrom(found.with(1, { range: 1, rows: 3, checksum: twice })), [1]);
  assert.deepEqual(checksums.differingFrom(found.with(0, { range: 0, rows: 1, checksum: '1' })), [0]);
});
