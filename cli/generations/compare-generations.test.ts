import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesOf, judge } from './compare-generations.ts';

const row = {
  environment: 1,
  alikeRows: 10,
  alikeSum: '18446744073709551615',
  differing: 2,
  devices: [
    [7, 3, 2, '5', '4'],
    [8, 1, 1, '9', '1'],
  ],
} as const;

test('judge() finds two sides equal where what differs has moved since the cut, and sets it aside', () => {
  assert.deepEqual(judge(row, new Set(['1/7', '1/8'])), {
    rows: [10, 10],
    checksums: ['18446744073709551615', '18446744073709551615'],
    equal: true,
    setAside: 2,
    firstDevices: [],
  });
});

test('judge() counts what differs and has not moved, modulo 2^64', () => {
  assert.deepEqual(judge(row, new Set(['1/8', '2/7'])), {
    rows: [13, 12],
    checksums: ['4', '3'],
    equal: false,
    setAside: 1,
    firstDevices: [7],
  });
});

test('judge() finds no sides equal of which not every difference was listed', () => {
  assert.equal(judge({ ...row, differing: 3 }, new Set(['1/7', '1/8'])).equal, false);
});

test('differencesOf() names table, environment, rows and first keys', () => {
  const tables = [
    {
      table: 'events',
      environment: 1,
      rows: [1200, 1199],
      checksums: ['1', '2'],
      equal: false,
      setAside: 0,
      firstKeys: ['event 5'],
    },
  ] as const;
  assert.deepEqual(
    differencesOf({ generations: [1, 2], equal: false, tables, leftOut: { identities: 0, ids: 0 } }),
    ['events of environment 1: rows 1 200 in generation 1, 1 199 in generation 2; first: event 5'],
  );
});
