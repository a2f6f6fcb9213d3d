import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idempotencyHash, recordKey } from '#schemas/ids.ts';
import { DuplicatesWindow } from './duplicates-window.ts';

/** The rule in its plainest form: a list, oldest first. */
class NaiveWindow {
  readonly #windowMs: number;
  readonly #capacity: number;
  #seen: { id: string; receivedAtMs: number }[] = [];

  constructor({ windowMs, capacity }: { windowMs: number; capacity: number }) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
  }

  isDuplicate(key: Buffer, idempotency: Buffer, receivedAtMs: number, nowMs: number): boolean {
    const id = `${key.toString('hex')} ${idempotency.toString('hex')}`;
    this.#seen = this.#seen.filter((entry) => entry.receivedAtMs >= nowMs - this.#windowMs);
    if (this.#seen.some((entry) => entry.id === id)) return true;
    if (this.#seen.length === this.#capacity) this.#seen.shift();
    this.#seen.push({ id, receivedAtMs });
    return false;
  }
}

test('DuplicatesWindow agrees with a plain list for any keys, times and capacity', () => {
  const arrival = fc.record({ device: fc.nat(3), key: fc.nat(40), laterMs: fc.nat(30) });
  fc.assert(
    fc.property(
      fc.array(arrival, { maxLength: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.nat(200),
      (arrivals, capacity, windowMs) => {
        const window = new DuplicatesWindow({ windowMs, capacity });
        const naive = new NaiveWindow({ windowMs, capacity });
        let nowMs = 1000;
        for (const { device, key, laterMs } of arrivals) {
          nowMs += laterMs;
          const args = [recordKey(1, device), idempotencyHash(String(key)), nowMs, nowMs] as const;
          assert.equal(window.isDuplicate(...args), naive.isDuplicate(...args));
        }
      },
    ),
  );
});

test('DuplicatesWindow agrees with a plain list when receive times are out of order', () => {
  const arrival = fc.record({ key: fc.nat(10), laterMs: fc.nat(30), behindMs: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(arrival, { maxLength: 300 }), fc.nat(100), (arrivals, windowMs) => {
      const window = new DuplicatesWindow({ windowMs, capacity: 1000 });
      const naive = new NaiveWindow({ windowMs, capacity: 1000 });
      let nowMs = 1000;
      for (const { key, laterMs, behindMs } of arrivals) {
        nowMs += laterMs;
        const args = [recordKey(1, 1), idempotencyHash(String(key)), nowMs - behindMs, nowMs] as const;
        assert.equal(window.isDuplicate(...args), naive.isDuplicate(...args));
      }
    }),
  );
});

test('DuplicatesWindow keeps every id while it grows', () => {
  const window = new DuplicatesWindow({ windowMs: 10, capacity: 100_000 });
  const hashes = Array.from({ length: 20_000 }, (_, index) => idempotencyHash(`key ${index}`));
  const key = recordKey(1, 1);
  assert.equal(
    hashes.some((hash) => window.isDuplicate(key, hash, 5, 5)),
    false,
  );
  assert.equal(
    hashes.every((hash) => window.isDuplicate(key, hash, 5, 5)),
    true,
  );
  assert.equal(window.size, 20_000);
});

test('DuplicatesWindow keeps nothing in memory that is older than the window', () => {
  const window = new DuplicatesWindow({ windowMs: 10, capacity: 1000 });
  const key = recordKey(1, 1);
  for (let at = 0; at < 100; at += 1) window.isDuplicate(key, idempotencyHash(`key ${at}`), at, at);
  assert.equal(window.size, 11);
});

test('DuplicatesWindow takes an id exactly as old as the window for a duplicate, and an older one not', () => {
  const window = new DuplicatesWindow({ windowMs: 10, capacity: 10 });
  const key = recordKey(1, 1);
  const hash = idempotencyHash('key');
  assert.equal(window.isDuplicate(key, hash, 5, 5), false);
  assert.equal(window.isDuplicate(key, hash, 15, 15), true);
  assert.equal(window.isDuplicate(key, hash, 16, 16), false);
});

test('DuplicatesWindow tells the same key of two devices apart', () => {
  const window = new DuplicatesWindow({ windowMs: 10, capacity: 10 });
  const hash = idempotencyHash('key');
  assert.equal(window.isDuplicate(recordKey(1, 1), hash, 5, 5), false);
  assert.equal(window.isDuplicate(recordKey(1, 2), hash, 5, 5), false);
});

test('fill() brings back what unstored() gave, so that both answer alike from then on', () => {
  const arrival = fc.record({ key: fc.nat(30), laterMs: fc.nat(30), behindMs: fc.nat(50) });
  fc.assert(
    fc.property(
      fc.array(arrival, { maxLength: 200 }),
      fc.nat(200),
      fc.nat(150),
      (arrivals, cut, windowMs) => {
        const options = { windowMs, capacity: 20 };
        const whole = new DuplicatesWindow(options);
        let copy: DuplicatesWindow | undefined;
        let nowMs = 1000;
        for (const [index, { key, laterMs, behindMs }] of arrivals.entries()) {
          if (index === cut) {
            const { words, times } = whole.unstored();
            copy = new DuplicatesWindow(options);
            copy.fill(words, times);
          }
          nowMs += laterMs;
          const args = [recordKey(1, 1), idempotencyHash(String(key)), nowMs - behindMs, nowMs] as const;
          const answer = whole.isDuplicate(...args);
          if (copy !== undefined) assert.equal(copy.isDuplicate(...args), answer);
        }
      },
    ),
  );
});

test('a window that is told what another let through answers as that one does', () => {
  const arrival = fc.record({ key: fc.nat(10), laterMs: fc.nat(30), behindMs: fc.nat(50) });
  const arrivals = fc.array(arrival, { maxLength: 200 });
  fc.assert(
    fc.property(
      arrivals,
      fc.nat(200),
      fc.nat(100),
      fc.integer({ min: 1, max: 20 }),
      (all, restoredAt, windowMs, capacity) => {
        const live = new DuplicatesWindow({ windowMs, capacity });
        const restored = new DuplicatesWindow({ windowMs, capacity });
        let nowMs = 1000;
        for (const [index, { key, laterMs, behindMs }] of all.entries()) {
          nowMs += laterMs;
          const id = [recordKey(1, 1), idempotencyHash(String(key)), nowMs - behindMs] as const;
          const isDuplicate = live.isDuplicate(...id, nowMs);
          if (index >= restoredAt) assert.equal(restored.isDuplicate(...id, nowMs), isDuplicate);
          else if (!isDuplicate) restored.letThrough(...id);
        }
      },
    ),
  );
});
