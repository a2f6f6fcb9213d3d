import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectedCodec } from '#schemas/codec.ts';
import type { WholeLetter } from './read-letters.ts';
import { renderLetter, renderList, summaryOf, wholeLetterJson } from './render-letters.ts';

function aLetter(fields: Partial<WholeLetter>): WholeLetter {
  const value = fields.value ?? Buffer.from('not avro\n');
  return {
    id: '1:4',
    receivedAtMs: Date.UTC(2026, 0, 2),
    stage: 'identity-merger',
    generation: 1,
    code: 'not_framed',
    message: 'Cannot decode a record',
    topic: 'events.collected',
    partition: 1,
    offset: 9,
    kind: '',
    key: Buffer.from('0000000000200007', 'hex'),
    size: value.length,
    value,
    origin: { topic: 'events.collected', partition: 1, offset: 9n },
    retryOf: undefined,
    retried: undefined,
    ...fields,
  };
}

test('renderLetter() shows bytes that cannot be decoded as hexadecimal and as text, and what to do', () => {
  const text = renderLetter(aLetter({ retryOf: '1:2' }), [aLetter({ id: '1:2' })]);
  assert.match(text, /^origin +events\.collected-1@9$/m);
  assert.match(text, /^first letter +1:2$/m);
  assert.match(text, /^of the same record +1:2$/m);
  assert.match(text, /^000000 {2}6e 6f 74 20 61 76 72 6f 0a +not avro\.$/m);
  assert.match(text, /find it and stop it/);
});

test('renderLetter() and its JSON show a record that can be read', () => {
  const value = collectedCodec.encode({
    kind: 'event',
    environment: 1,
    name: 'Order',
    properties: '{"a":1}',
  });
  const letter = aLetter({ value, code: 'refused_by_clickhouse', stage: 'loader' });
  assert.match(renderLetter(letter, []), /"name": "Order"/);
  const { record, schema, hex, todo } = wholeLetterJson(letter);
  assert.deepEqual([record?.['properties'], schema, hex], [{ a: 1 }, 'Collected', value.toString('hex')]);
  assert.match(todo, /then put it back/);
});

test('renderLetter() says so where it does not know the code', () => {
  assert.match(renderLetter(aLetter({ code: 'news' }), []), /This release does not know the code/);
});

test('renderList() shows letters, how many more there are, and a summary', () => {
  const letters = [aLetter({}), aLetter({ id: '1:5' }), aLetter({ id: '1:6', code: 'corrupt' })];
  const text = renderList(letters.slice(0, 2), letters);
  assert.match(text, /^1:4 +2026-01-02T00:00:00\.000Z +identity-merger +not_framed/m);
  assert.match(text, /^1 older ones: --limit$/m);
  assert.deepEqual(summaryOf(letters), [
    { stage: 'identity-merger', code: 'not_framed', count: 2 },
    { stage: 'identity-merger', code: 'corrupt', count: 1 },
  ]);
  assert.equal(renderList([], []), 'No dead letters.\n');
});
