import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSnapshot, encodeSnapshot, type SnapshotHeader, whyUnusable } from './snapshot.ts';

const HEADER: SnapshotHeader = {
  format: '1',
  clusterId: 'cluster',
  groupId: 'identity-merger.g1',
  topic: 'events.collected',
  partition: 3,
  position: '100',
  ends: { 'identity.migrations.g1': '7' },
};
const SITUATION = {
  format: '1',
  clusterId: 'cluster',
  groupId: 'identity-merger.g1',
  topic: 'events.collected',
  partition: 3,
  position: 100n,
  bounds: { 'identity.migrations.g1': { start: 0n, end: 9n } },
};

test('decodeSnapshot() undoes encodeSnapshot()', () => {
  const { header, state } = decodeSnapshot(
    Buffer.concat(encodeSnapshot(HEADER, [Buffer.from('ab'), Buffer.from('c')])),
  );
  assert.deepEqual(header, HEADER);
  assert.equal(state.toString(), 'abc');
});

test('decodeSnapshot() refuses bytes of which one was changed or is missing', () => {
  const bytes = Buffer.concat(encodeSnapshot(HEADER, [Buffer.from('state')]));
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => decodeSnapshot(changed));
    assert.throws(() => decodeSnapshot(bytes.subarray(0, at)));
  }
});

test('whyUnusable() has nothing against a snapshot of the same place that the log has only grown past', () => {
  assert.equal(whyUnusable(HEADER, SITUATION), '');
  assert.equal(whyUnusable(HEADER, { ...SITUATION, position: 500n }), '');
});

test('whyUnusable() wants what lay outside of a snapshot to be there still', () => {
  const beside = { ...HEADER, offloaded: '5' };
  assert.equal(whyUnusable(beside, { ...SITUATION, offloaded: 5n }), '');
  assert.equal(whyUnusable(beside, { ...SITUATION, offloaded: 6n }), '');
  assert.notEqual(whyUnusable(beside, { ...SITUATION, offloaded: 4n }), '');
  assert.notEqual(whyUnusable(beside, SITUATION), '');
});

test('whyUnusable() finds every reason to doubt a snapshot', () => {
  const doubts = [
    { ...SITUATION, format: '2' },
    { ...SITUATION, clusterId: 'another' },
    { ...SITUATION, groupId: 'identity-merger.g2' },
    { ...SITUATION, topic: 'events.collected.r2' },
    { ...SITUATION, partition: 0 },
    { ...SITUATION, position: 99n },
    { ...SITUATION, bounds: { 'identity.migrations.g1': { start: 8n, end: 9n } } },
    { ...SITUATION, bounds: { 'identity.migrations.g1': { start: 0n, end: 6n } } },
    { ...SITUATION, bounds: { ...SITUATION.bounds, 'identity.blocks': { start: 0n, end: 0n } } },
  ];
  for (const situation of doubts) assert.notEqual(whyUnusable(HEADER, situation), '');
});
