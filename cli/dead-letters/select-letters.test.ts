import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DECODE_CODES } from '#schemas/framing.ts';
import { ADVICE } from './advice.ts';
import { type DeadLetter, topicNameOf } from './letter.ts';
import { choose, matches } from './select-letters.ts';

function aLetter(fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: '0:1',
    receivedAtMs: 0,
    stage: 'identity-merger',
    generation: 2,
    code: 'corrupt',
    message: '',
    topic: 'events.collected',
    partition: 0,
    offset: 5,
    kind: '',
    key: Buffer.alloc(8),
    size: 3,
    origin: { topic: 'events.collected', partition: 0, offset: 5n },
    retryOf: undefined,
    retried: undefined,
    ...fields,
  };
}

const LIVE = { generation: 2, log: 'events.collected' };

const loaderLetter = (fields: Partial<DeadLetter>) =>
  aLetter({ stage: 'loader', topic: 'events.sessionized.g2', ...fields });

test('choose() takes letters of the live generation', () => {
  for (const letter of [aLetter(), loaderLetter({}), loaderLetter({ topic: 'identity.migrations.g2' })])
    assert.deepEqual(choose(letter, [letter], LIVE), { letter, reason: '', isDone: false });
});

const refused: [title: string, letter: DeadLetter, reason: RegExp][] = [
  [
    'a derived topic of an older generation',
    loaderLetter({ generation: 1, topic: 'events.sessionized.g1' }),
    /it is of generation 1, and 2 is live/,
  ],
  [
    'a revision of the log that the live generation does not read',
    aLetter({ generation: 1, topic: 'events.collected.r2' }),
    /it is of generation 1, and 2 is live/,
  ],
  ['a row of a session', loaderLetter({ topic: 'sessions.g2' }), /state of the sessionizer/],
  ['a record that is too large', aLetter({ code: 'too_large' }), /only the beginning/],
  ['a topic that is not ours', aLetter({ topic: 'orders' }), /no topic of Cairn's/],
];
for (const [title, letter, reason] of refused) {
  test(`choose() refuses ${title}`, () => {
    const choice = choose(letter, [letter], LIVE);
    assert.match(choice.reason, reason);
    assert.equal(choice.isDone, false);
  });
}

test('choose() has nothing to do for a letter that was put back', () => {
  const letter = aLetter({ retried: { as: 'events.collected-0@9', atMs: 1 } });
  const { reason, isDone } = choose(letter, [letter], LIVE);
  assert.deepEqual([reason, isDone], ['it was put back as events.collected-0@9', true]);
});

test('choose() takes the live generation’s own letter of a record of the log, and none where it took the record', () => {
  const old = aLetter({ id: '0:1', generation: 1 });
  const live = aLetter({ id: '0:2' });
  assert.deepEqual(choose(old, [old, live], LIVE), { letter: live, reason: '', isDone: false });
  const { reason, isDone } = choose(old, [old], LIVE);
  assert.match(reason, /generation 2, which is live, has taken events\.collected-0@5/);
  assert.equal(isDone, true);
});

test('matches() goes by stage, code, and topic with or without its generation', () => {
  const letter = loaderLetter({});
  const none = { stage: undefined, code: undefined, topic: undefined };
  assert.ok(matches(letter, none));
  assert.ok(matches(letter, { stage: 'loader', code: 'corrupt', topic: 'events.sessionized' }));
  assert.ok(matches(letter, { ...none, topic: 'events.sessionized.g2' }));
  assert.ok(!matches(letter, { ...none, topic: 'events.collected' }));
  assert.ok(!matches(letter, { ...none, code: 'wrong_key' }));
});

test('topicNameOf() knows derived topics and the rewritten log, and no others', () => {
  assert.equal(topicNameOf('events.collected.r2'), 'events.collected');
  assert.equal(topicNameOf('sessions.g12'), 'sessions');
  assert.equal(topicNameOf('sessions.old'), undefined);
});

test('every code has advice, and OPERATIONS.md explains it', () => {
  const page = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
  for (const code of [...DECODE_CODES, 'refused_by_clickhouse'] as const) {
    assert.ok(ADVICE[code].todo.length > 0);
    assert.ok(page.includes(`| \`${code}\` |`), `OPERATIONS.md does not explain ${code}`);
  }
});
