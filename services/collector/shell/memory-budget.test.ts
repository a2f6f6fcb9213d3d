import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryBudget } from './memory-budget.ts';

test('MemoryBudget holds, grows, shrinks and gives back shares, and refuses what does not fit', () => {
  const budget = new MemoryBudget(100);
  const first = budget.open();
  const second = budget.open();
  const steps: [held: boolean, bytes: number][] = [
    [first.hold(60), budget.bytes],
    [second.hold(50), budget.bytes],
    [second.hold(40), budget.bytes],
    [first.hold(61), budget.bytes],
    [first.hold(10), budget.bytes],
    [second.hold(90), budget.bytes],
  ];
  assert.deepEqual(steps, [
    [true, 60],
    [false, 60],
    [true, 100],
    [false, 100],
    [true, 50],
    [true, 100],
  ]);
  first.close();
  second.close();
  second.close();
  assert.equal(budget.bytes, 0);
});
