import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, type PartitionFacts, totalsByKind } from './accounting.ts';

const facts: PartitionFacts = {
  partition: 2,
  cut: 21n,
  counts: {
    'event.forwarded': 10,
    'event.duplicate': 2,
    'identify.bound': 1,
    'identify.ignored': 1,
    'identify.repeated': 1,
    'user_properties.forwarded': 3,
    'tick.forwarded': 2,
    'unknown.rejected': 1,
  },
  loaded: [
    { kind: 'event', rows: 9, distinct: 9 },
    { kind: 'identify', rows: 1, distinct: 1 },
    { kind: 'user_properties', rows: 3, distinct: 3 },
  ],
  rejectedLater: { event: 1 },
};

test('account() closes the accounts of a partition by kind, without ticks', () => {
  const none = { rejected: 0, duplicate: 0, ignored: 0, erased: 0, missing: 0, twice: 0 };
  assert.deepEqual(account(facts), {
    problems: [],
    lines: [
      { ...none, partition: 2, kind: 'event', collected: 12, loaded: 9, rejected: 1, duplicate: 2 },
      { ...none, partition: 2, kind: 'identify', collected: 3, loaded: 1, ignored: 2 },
      { ...none, partition: 2, kind: 'user_properties', collected: 3, loaded: 3 },
      { ...none, partition: 2, kind: 'unknown', collected: 1, loaded: 0, rejected: 1 },
    ],
  });
});

const differences: [title: string, change: Partial<PartitionFacts>, problem: RegExp][] = [
  [
    'a lost row',
    { loaded: facts.loaded.with(0, { kind: 'event', rows: 8, distinct: 8 }) },
    /1 records of kind event were collected and are nowhere/,
  ],
  [
    'a row that is there twice',
    { loaded: facts.loaded.with(0, { kind: 'event', rows: 10, distinct: 9 }) },
    /1 rows of kind event are loaded more than once/,
  ],
  [
    'a loss that a double hides',
    { loaded: facts.loaded.with(0, { kind: 'event', rows: 9, distinct: 8 }) },
    /nowhere/,
  ],
  [
    'a row from nowhere',
    { loaded: [...facts.loaded, { kind: 'account_properties', rows: 1, distinct: 1 }] },
    /1 more records of kind account_properties/,
  ],
  [
    'a record that the merger never saw',
    { cut: 22n },
    /the log holds 22 records and the identity-merger counted 21/,
  ],
  [
    'an outcome nobody knows',
    { counts: { ...facts.counts, 'event.mislaid': 1 }, cut: 22n },
    /event\.mislaid/,
  ],
];

for (const [title, change, problem] of differences) {
  test(`account() tells ${title}`, () => {
    assert.match(account({ ...facts, ...change }).problems.join('\n'), problem);
  });
}

test('totalsByKind() adds partitions up', () => {
  const { lines } = account(facts);
  const [events] = totalsByKind([...lines, ...lines]);
  assert.deepEqual(
    [events?.kind, events?.collected, events?.loaded, events?.duplicate],
    ['event', 24, 18, 4],
  );
});

test('account() counts a record that was put back once, as what became of it in the end', () => {
  const { lines, problems } = account({
    partition: 0,
    // Two records that were rejected at first, both put back, one refused again; markers; one of another generation.
    cut: 8n,
    counts: {
      'unknown.rejected': 3,
      'event.forwarded': 2,
      'retry.taken': 2,
      'retry.other_generation': 1,
      'marker.passed': 2,
    },
    loaded: [{ kind: 'event', rows: 2, distinct: 2 }],
    rejectedLater: {},
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    lines.map(({ kind, collected, loaded, rejected }) => [kind, collected, loaded, rejected]),
    [
      ['unknown', 1, 0, 1],
      ['event', 2, 2, 0],
    ],
  );
});

test('account() has no line of unknown records once all were put back', () => {
  const { lines, problems } = account({
    partition: 0,
    cut: 3n,
    counts: { 'unknown.rejected': 1, 'event.forwarded': 1, 'retry.taken': 1, 'marker.passed': 1 },
    loaded: [{ kind: 'event', rows: 1, distinct: 1 }],
    rejectedLater: {},
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    lines.map(({ kind }) => kind),
    ['event'],
  );
});
