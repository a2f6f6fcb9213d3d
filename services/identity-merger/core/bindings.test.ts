import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bindings } from './bindings.ts';

const command = fc.record({
  what: fc.constantFrom('bind', 'bind', 'bind', 'unbind'),
  environment: fc.integer({ min: 1, max: 2 }),
  deviceId: fc.oneof(fc.nat(40), fc.maxSafeNat()),
  userId: fc.oneof(fc.nat(3), fc.maxSafeNat()),
});

test('bindings answer as a map does, whatever was bound and forgotten', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const bindings = new Bindings();
      const model = new Map<string, readonly [number, number, number]>();
      for (const { what, environment, deviceId, userId } of commands) {
        if (what === 'bind') {
          bindings.bind(environment, deviceId, userId);
          model.set(`${environment}/${deviceId}`, [environment, deviceId, userId]);
        } else {
          bindings.unbind(environment, deviceId);
          model.delete(`${environment}/${deviceId}`);
        }
      }
      for (const { environment, deviceId } of commands)
        assert.equal(bindings.userOf(environment, deviceId), model.get(`${environment}/${deviceId}`)?.[2]);
      assert.deepEqual(sorted(triples(bindings.toNumbers())), sorted([...model.values()]));
    }),
  );
});

test('bindings are kept while there come to be many, and while as many come as go', () => {
  const bindings = new Bindings();
  for (let device = 0; device < 50_000; device += 1) bindings.bind(1, device, device + 1);
  for (let device = 0; device < 50_000; device += 1) if (device % 100 !== 0) bindings.unbind(1, device);
  for (let device = 50_000; device < 400_000; device += 1) {
    bindings.bind(1, device, device + 1);
    bindings.unbind(1, device);
  }
  for (let device = 0; device < 400_000; device += 1)
    assert.equal(bindings.userOf(1, device), device < 50_000 && device % 100 === 0 ? device + 1 : undefined);
  assert.equal(bindings.toNumbers().length, 3 * 500);
});

function triples(numbers: Float64Array): number[][] {
  return Array.from({ length: numbers.length / 3 }, (_, index) => [
    ...numbers.subarray(3 * index, 3 * index + 3),
  ]);
}

function sorted(rows: readonly (readonly number[])[]): string[] {
  return rows.map((row) => row.join('/')).toSorted();
}
