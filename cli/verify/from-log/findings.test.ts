import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Findings, onlyInLog } from './findings.ts';

const row = (id: number) => onlyInLog({ environment: 1, id, key: `row ${id}` });
const rows = (count: number) => Array.from({ length: count }, (_, id) => row(id));

test('Findings count every difference and name the first 20 of all sections', () => {
  const findings = new Findings();
  findings.add('events', { compared: 100, different: rows(50) });
  findings.add('users', { compared: 10, different: rows(3) });
  const { sections, first } = { sections: findings.sections(), first: findings.first() };
  assert.deepEqual(sections, [
    { section: 'events', compared: 100, equal: 50, different: 50, changedLater: 0 },
    { section: 'users', compared: 10, equal: 7, different: 3, changedLater: 0 },
  ]);
  assert.equal(first.length, 20);
  assert.equal(first.filter(({ section }) => section === 'users').length, 3);
});

test('Findings name a few columns of each row', () => {
  const findings = new Findings();
  const columns = ['a', 'b', 'c', 'd'].map((column) => ({ column, log: 1, found: 2 }));
  findings.add('users', { compared: 2, different: [{ ...row(0), columns }, row(1)] });
  assert.deepEqual(
    findings.first().map(({ column }) => column),
    ['a', 'b', 'c', 'row'],
  );
});

test('Findings set rows aside that a later record may have changed', () => {
  const findings = new Findings();
  findings.add('users', { compared: 3, different: rows(2) }, ({ id }) => id === 0);
  assert.deepEqual(findings.sections(), [
    { section: 'users', compared: 3, equal: 1, different: 1, changedLater: 1 },
  ]);
  assert.deepEqual(
    findings.first().map(({ key }) => key),
    ['row 1'],
  );
});
