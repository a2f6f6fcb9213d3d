import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SessionTable } from './session-table.ts';

type Entry = { environment: number; deviceId: number; sessionId: number; untilMs: number; row: string };

const nameOf = ({ environment, deviceId, sessionId }: Entry) => `${environment}/${deviceId}/${sessionId}`;
const rowsOf = (table: SessionTable, deviceId: number, nowMs: number) =>
  table
    .rowsOf(deviceId, nowMs)
    .map((row) => row.toString())
    .toSorted();

const command = fc.record({
  what: fc.constantFrom('put', 'put', 'put', 'remove', 'sweep'),
  environment: fc.integer({ min: 1, max: 2 }),
  deviceId: fc.constantFrom(1, 2, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
  sessionId: fc.nat(6),
  untilMs: fc.nat(100),
  text: fc.string({ maxLength: 20 }),
});

test('a table answers as a map of rows does, whatever was put, replaced, removed and swept', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
      const table = new SessionTable();
      const model = new Map<string, Entry>();
      commands.forEach(({ what, text, ...name }, nowMs) => {
        const entry = { ...name, untilMs: nowMs + name.untilMs, row: `${nowMs} ${text}` };
        if (what === 'put') {
          table.put(entry, entry.untilMs, Buffer.from(entry.row));
          model.set(nameOf(entry), entry);
        } else if (what === 'remove') {
          table.remove(entry);
          model.delete(nameOf(entry));
        } else {
          table.sweep(nowMs, 1000);
          for (const [key, { untilMs }] of model) if (untilMs < nowMs) model.delete(key);
          assert.equal(table.size, model.size);
        }
        const expected = [...model.values()].filter(
          ({ deviceId, untilMs }) => deviceId === entry.deviceId && untilMs >= nowMs,
        );
        assert.deepEqual(rowsOf(table, entry.deviceId, nowMs), expected.map(({ row }) => row).toSorted());
      });
    }),
  );
});

test('rows keep their bytes while their neighbours grow, go and move through many blocks of memory', () => {
  const table = new SessionTable();
  const rowOf = (device: number, version: number) =>
    `${device}.${version}.`.repeat(20 + (device % 7) + version);
  const versions = new Map<number, number>();
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let turn = 0; turn < 60_000; turn += 1) {
    const device = random(9000);
    const name = { environment: 1, deviceId: device, sessionId: 1 };
    if (random(3) === 0) {
      table.remove(name);
      versions.delete(device);
    } else {
      const version = (versions.get(device) ?? 0) + random(2);
      table.put(name, 10, Buffer.from(rowOf(device, version)));
      versions.set(device, version);
    }
  }
  assert.equal(table.size, versions.size);
  for (let device = 0; device < 9000; device += 1) {
    const version = versions.get(device);
    assert.deepEqual(rowsOf(table, device, 10), version === undefined ? [] : [rowOf(device, version)]);
  }
});
