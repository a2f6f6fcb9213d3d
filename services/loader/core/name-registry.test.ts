import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_EVENT_VIEWS, MOST_PROPERTIES, NameRegistry, type NameRow, namesOf } from './name-registry.ts';

const row = (fields: Partial<NameRow>): NameRow => ({
  environment: 1,
  scope: 'event_property',
  tableName: 'order',
  name: 'a',
  types: 1,
  firstSeenMs: 0,
  firstTyped: 1,
  ...fields,
});

test('learn() queues a name once, and again when it gets another type', () => {
  const names = new NameRegistry();
  names.learn(row({}));
  names.learn(row({ firstSeenMs: 5 }));
  names.learn(row({ types: 2 }));
  names.learn(row({ tableName: 'other' }));
  assert.deepEqual(names.takeQueued(), [row({}), row({ types: 2 }), row({ tableName: 'other' })]);
  assert.deepEqual(names.takeQueued(), []);
});

test('load() makes names known without queueing them; requeue() puts rows back', () => {
  const names = new NameRegistry();
  names.load([row({})]);
  names.learn(row({}));
  assert.deepEqual(names.takeQueued(), []);
  names.requeue([row({ name: 'b' })]);
  assert.deepEqual(names.takeQueued(), [row({ name: 'b' })]);
});

test('learn() remembers a bounded number of names of an environment', () => {
  const names = new NameRegistry();
  for (let index = 0; index < 20_010; index += 1) names.learn(row({ name: String(index) }));
  assert.equal(names.takeQueued().length, 20_000);
});

test('learn() tells once of each table that loses names, and of none that has its names already', () => {
  const names = new NameRegistry();
  names.load(Array.from({ length: 20_000 }, (_, index) => row({ name: String(index) })));
  names.learn(row({ name: '7' }));
  assert.deepEqual(names.takeLosers(), []);
  const late = { environment: 1, scope: 'event_property', tableName: 'late' } as const;
  for (const name of ['a', 'b', 'a']) names.learn(row({ ...late, name }));
  names.learn(row({ scope: 'user_property', tableName: '', name: 'plan' }));
  names.learn(row({ environment: 2, tableName: 'late' }));
  assert.deepEqual(names.takeLosers(), [late]);
  assert.deepEqual(names.takeLosers(), []);
  for (let index = 0; index < 2000; index += 1) names.learn(row({ tableName: `late ${index}` }));
  assert.equal(names.takeLosers().length, 999);
  assert.deepEqual([names.losersOf(1), names.losersOf(2)], [1000, 0]);
});

test('hasShape() knows a shape from the second time on', () => {
  const names = new NameRegistry();
  assert.equal(names.hasShape(1, 'event_property', 'a', 5), false);
  assert.equal(names.hasShape(1, 'event_property', 'a', 5), true);
  assert.equal(names.hasShape(1, 'event_property', 'b', 5), false);
});

test('namesOf() picks the oldest names within the limits and tells how many are left out', () => {
  const events = Array.from({ length: MOST_EVENT_VIEWS + 2 }, (_, index) =>
    row({ scope: 'event', tableName: `t${index}`, name: `T${index}`, firstSeenMs: -index }),
  );
  const properties = Array.from({ length: MOST_PROPERTIES + 3 }, (_, index) =>
    row({ name: `p${index}`, firstSeenMs: index }),
  );
  const ofAccounts = properties.map((one) => ({ ...one, scope: 'account_property' as const, tableName: '' }));
  const names = namesOf([...events, ...properties, ...ofAccounts, row({ environment: 2 })], 1);
  assert.equal(names.eventTables.length, MOST_EVENT_VIEWS);
  assert.equal(names.eventTables[0], `t${MOST_EVENT_VIEWS + 1}`);
  assert.equal(names.eventProperties.get('order')?.length, MOST_PROPERTIES);
  assert.equal(
    names.eventProperties.get('order')?.some(({ name }) => name === `p${MOST_PROPERTIES}`),
    false,
  );
  assert.equal(names.accountProperties.length, MOST_PROPERTIES);
  assert.equal(names.leftOut, 8);
});
