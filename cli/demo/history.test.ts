import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTORY_MS, tellHistory } from './history.ts';
import { readLedger } from './ledger.ts';
import { truthOf } from './truth.ts';
import { resolvePeople } from './who-is-who.ts';

const OPTIONS = { seed: '1', events: 6000, endMs: Date.UTC(2026, 2, 9, 12), tag: '', appId: '11' };

test('tellHistory() gives identical requests for the same seed, number of events and end', () => {
  assert.deepEqual(tellHistory(OPTIONS), tellHistory(OPTIONS));
  assert.notDeepEqual(tellHistory(OPTIONS), tellHistory({ ...OPTIONS, seed: '2' }));
});

test('tellHistory() has exactly the events it was asked for, within the week before its end', () => {
  for (const events of [1, 10, 777, 6000]) {
    const ledger = readLedger(tellHistory({ ...OPTIONS, events }));
    assert.equal(ledger.events.length, events);
    for (const { at } of ledger.events)
      assert.ok(at >= OPTIONS.endMs - HISTORY_MS && at <= OPTIONS.endMs + 1000, new Date(at).toISOString());
  }
});

test('tellHistory() has everything the pipeline must cope with', () => {
  const requests = tellHistory({ ...OPTIONS, events: 20_000 });
  const { events, duplicates, refused, identifies } = readLedger(requests);
  const { figures } = truthOf(requests);
  assert.ok(duplicates > 0, 'retries');
  assert.ok(refused > 0, 'bad rows');
  assert.ok(identifies.some(({ byServer }) => byServer) && identifies.some(({ byServer }) => !byServer));
  assert.ok(new Set(events.map(({ source }) => source)).size === 4, 'web, ios, android and server');
  assert.ok(
    events.some(({ bot }) => bot),
    'bots',
  );
  assert.equal(figures['people']!['devices beyond the limit of ten'], 2);
  assert.ok(resolvePeople(identifies).contradicted > 0, 'a forgotten reset');
  assert.ok(figures['people']!['of them identified']! < figures['people']!['with events']!, 'people unknown');
  for (const [section, labels] of Object.entries(figures))
    for (const [label, value] of Object.entries(labels))
      if (section !== 'retention' && !label.includes('rejected'))
        assert.ok(value > 0, `${section}, ${label} is ${value}`);
});

test('tellHistory() has events that arrive after later ones of the same device', () => {
  const latest = new Map<string, number>();
  const late = readLedger(tellHistory(OPTIONS)).events.filter(({ who, at, source }) => {
    const before = latest.get(who) ?? 0;
    latest.set(who, Math.max(before, at));
    return source !== 'server' && before - at > 60_000;
  });
  assert.ok(late.length > 20, `${late.length} late events`);
});

test('tellHistory() never gives two events of one lane the same time', () => {
  const taken = new Map<string, string>();
  for (const request of tellHistory(OPTIONS)) {
    const rows = (request.body['events'] ?? [request.body]) as Record<string, unknown>[];
    for (const row of rows) {
      const key = row['idempotency_key'];
      if (key === undefined) continue;
      const moment = `${request.lane} ${new Date(row['timestamp'] as string | number).toISOString()}`;
      assert.equal(taken.get(moment) ?? key, key, moment);
      taken.set(moment, key as string);
    }
  }
});

test('tellHistory() shares no person, device or key between two tags', () => {
  const namesOf = (tag: string) => {
    const { events, identifies } = readLedger(tellHistory({ ...OPTIONS, tag }));
    return new Set([...events.map(({ who }) => who), ...identifies.map(({ identity }) => identity)]);
  };
  assert.deepEqual([...namesOf('-r1').intersection(namesOf('-r2'))], []);
});

test('tellHistory() tells the same stories under another tag', () => {
  const figuresOf = (tag: string) => truthOf(tellHistory({ ...OPTIONS, tag })).figures;
  assert.deepEqual(figuresOf('-r1'), figuresOf('-r2'));
});
