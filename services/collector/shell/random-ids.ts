import { randomFillSync } from 'node:crypto';

const POOL = 1024;

/** Random ids in 1..2^53-1, drawn from a pool because a call into the system's generator per id is slow. */
export function createRandomIds(): () => number {
  const pool = new Uint32Array(POOL);
  let at = POOL;
  return function next(): number {
    if (at === POOL) {
      randomFillSync(pool);
      at = 0;
    }
    const id = pool[at]! * 2 ** 21 + (pool[at + 1]! >>> 11);
    at += 2;
    return id === 0 ? next() : id;
  };
}
