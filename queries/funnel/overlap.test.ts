import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventMatch, type EventPattern, eventNamed } from '../event-match.ts';
import { overlappingSteps } from './overlap.ts';

const match = (label: string, ...anyOf: EventPattern[]): EventMatch => ({ label, anyOf });
const onPath = (path: string) =>
  match(path, {
    names: ['pageview'],
    where: [{ property: { of: 'field', name: 'path' }, is: 'one of', values: [path] }],
  });

/** Labels of the classes of each group, with how often each is there. */
const groupsOf = (...steps: readonly EventMatch[]) =>
  overlappingSteps(steps)
    .map((group) => group.map(({ match: { label }, size }) => `${label}${size}`).toSorted())
    .toSorted();

test('overlappingSteps() tells steps apart whose events have other names, or other values of one property', () => {
  assert.deepEqual(groupsOf(eventNamed('A'), eventNamed('B')), [['A1'], ['B1']]);
  assert.deepEqual(groupsOf(...Array.from({ length: 20 }, (_, page) => onPath(`/${page}`))).length, 20);
});

test('overlappingSteps() takes equal steps together, and steps that meet in a third one', () => {
  assert.deepEqual(groupsOf(eventNamed('A'), eventNamed('B'), eventNamed('A')), [['A2'], ['B1']]);
  const both = match('both', { names: ['A', 'B'] });
  assert.deepEqual(groupsOf(eventNamed('A'), eventNamed('B'), both, eventNamed('C')), [
    ['A1', 'B1', 'both1'],
    ['C1'],
  ]);
  assert.deepEqual(groupsOf(match('any', {}), eventNamed('A'), eventNamed('B')), [['A1', 'B1', 'any1']]);
});

test('overlappingSteps() refuses more steps that one event may fit than it can try sets of', () => {
  const sized = (size: number) =>
    match(`from ${size}`, {
      where: [{ property: { of: 'event', name: 'size' }, is: 'at least', value: size }],
    });
  assert.equal(overlappingSteps([1, 2, 3, 4, 5, 6].map(sized)).length, 1);
  assert.throws(() => overlappingSteps([1, 2, 3, 4, 5, 6, 7].map(sized)), {
    name: 'RangeError',
    message: /at most 6 steps that one event may fit, current ones are .*"from 7"/,
  });
});
