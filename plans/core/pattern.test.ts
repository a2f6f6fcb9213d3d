import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patternOf, patternProblem, TIME_PATTERN } from './pattern.ts';

test('patternProblem() takes what JavaScript and RE2 read alike, and nothing that can take long', () => {
  const good = [
    '',
    'a',
    'p-\\d+',
    '[A-Z]{2,3}-\\d{4}',
    '[^@]+@[^@]+',
    '\\w*\\.\\w*',
    'é.',
    '[\\d.]{1,20}',
    'a?b?c?',
  ];
  for (const pattern of good) assert.equal(patternProblem(pattern), '', pattern);
  const bad = [
    '(a)',
    'a|b',
    '^a',
    'a$',
    '\\bx',
    '\\s',
    '\\1',
    '(?=a)',
    '[[:alpha:]]',
    'a{300}',
    'a**',
    '[',
    'a{2',
    '\\',
    'x'.repeat(201),
  ];
  for (const pattern of bad) assert.notEqual(patternProblem(pattern), '', pattern);
  for (const pattern of ['\\d*\\d*\\d*x', '.*.*.*', 'a{0,200}a{0,200}a{0,200}b', `${'a?'.repeat(30)}b`])
    assert.match(patternProblem(pattern), /too many repetitions/, pattern);
});

test('patternOf() fits a whole text, line breaks and what lies beyond 16 bits included', () => {
  assert.ok(patternOf('.{3}').test('a\n😀'));
  assert.ok(!patternOf('.{2}').test('abc'));
  assert.ok(!patternOf('a').test('a\n'));
});

test('the slowest patterns that are taken are quick on the longest text', () => {
  const text = 'a'.repeat(1024);
  const startedMs = performance.now();
  for (const pattern of ['a*a*b', '\\w+\\w+-', '.*.*!']) assert.ok(!patternOf(pattern).test(text));
  assert.ok(performance.now() - startedMs < 1000);
});

test('a time in a text is a date, with a time of day or without', () => {
  const isTime = new RegExp(`^${TIME_PATTERN}$`);
  for (const text of [
    '2026-01-31',
    '2026-01-31T10:00',
    '2026-01-31 10:00:59.123Z',
    '2026-01-31t10:00:00+0130',
  ])
    assert.match(text, isTime);
  for (const text of [
    '2026-1-31',
    '2026-13-01',
    '31.01.2026',
    '2026-01-31T25:00',
    '',
    '2026-01-31T10:00:00 now',
  ])
    assert.doesNotMatch(text, isTime);
});
