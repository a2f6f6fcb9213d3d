import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFigures } from './figures.ts';
import { type DemoResult, formatReport } from './report.ts';

function resultOf(lines: DemoResult['lines']): DemoResult {
  return {
    ok: lines.every(({ ok }) => ok),
    seed: '1',
    events: 1234,
    requests: 100,
    retries: 2,
    startMs: 5000,
    sendMs: 1500,
    loadMs: 250,
    totalMs: 6750,
    lines,
    problems: [],
  };
}

test('formatReport() shows both sides of every figure and the retention as a triangle', () => {
  const figures = { events: { all: 1234 }, retention: { '2026-03-02, people': 5, '2026-03-02, day 0': 4 } };
  assert.equal(
    formatReport(resultOf(compareFigures({ expected: figures, actual: figures }))),
    `                                                     truth         found

events
  all                                                1 234         1 234

retention: people who saw a page again, by day of their first
              people   day 0
  2026-03-02       5       4

Seed 1: 1 234 events in 100 requests, 2 of them sent again; start 5.0 s, sending 1.5 s, until loaded 0.3 s, all 6.8 s.

All 3 figures add up.
`,
  );
});

test('formatReport() lists the figures that differ', () => {
  const text = formatReport(
    resultOf(
      compareFigures({ expected: { a: { x: 1 }, retention: { 'd, people': 2 } }, actual: { a: { x: 3 } } }),
    ),
  );
  assert.match(text, /x +1 +3 {2}<-- differs/);
  assert.match(text, /d +0\(2\)/);
  assert.match(
    text,
    /2 of 2 figures do not add up:\n {2}a \| x: truth 1, found 3\n {2}retention \| d, people: truth 2, found 0\n$/,
  );
});

test('formatReport() says why a figure may be larger than the truth', () => {
  const lines = compareFigures({
    expected: { a: { x: 1 } },
    actual: { a: { x: 2 } },
    slack: { a: { x: 1 } },
  });
  assert.match(formatReport(resultOf(lines)), /x +1 +2 {2}\(some were sent again\)\n/);
});
