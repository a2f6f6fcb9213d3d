import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TICK_AFTER_MS, TickClock } from './tick-clock.ts';

test('a partition gets a tick when it was silent for ten seconds, and again after ten more', () => {
  const clock = new TickClock(2);
  assert.deepEqual(clock.advance(1000, 0).silent, []);
  assert.deepEqual(clock.advance(1000 + TICK_AFTER_MS - 1, 0).silent, []);
  assert.deepEqual(clock.advance(1000 + TICK_AFTER_MS, 0).silent, [1]);
  assert.deepEqual(clock.advance(1000 + TICK_AFTER_MS, undefined).silent, []);
  assert.deepEqual(clock.advance(1000 + 2 * TICK_AFTER_MS, undefined).silent, [0, 1]);
});

test('time does not go back', () => {
  const clock = new TickClock(1);
  clock.advance(50_000, 0);
  assert.deepEqual(clock.advance(1000, undefined), { nowMs: 50_000, silent: [] });
});

test('after each record no partition has been silent for ten seconds', () => {
  const records = fc.array(
    fc.record({ ms: fc.integer({ min: 0, max: 30_000 }), at: fc.option(fc.nat(3), { nil: undefined }) }),
  );
  fc.assert(
    fc.property(records, (all) => {
      const clock = new TickClock(4);
      const lastMs = new Map<number, number>();
      let timeMs = 1;
      for (const { ms, at } of all) {
        timeMs += ms;
        const { nowMs, silent } = clock.advance(timeMs, at);
        if (lastMs.size === 0)
          for (let partition = 0; partition < 4; partition += 1) lastMs.set(partition, nowMs);
        if (at !== undefined) lastMs.set(at, nowMs);
        for (const partition of silent) lastMs.set(partition, nowMs);
        for (const last of lastMs.values()) assert.ok(nowMs - last < TICK_AFTER_MS);
      }
    }),
  );
});
