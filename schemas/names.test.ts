import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnName, eventTableName, isAddressable, RESERVED_TABLES, tableName } from './names.ts';

test('tableName() follows Heap Connect', () => {
  assert.equal(tableName('Sign Up - Click Link'), 'sign_up_click_link');
  assert.equal(tableName('Order'), 'order');
  assert.equal(tableName('_id'), '_id');
  assert.equal(tableName('Größe'), 'gr_e');
});

test('tableName() gives a hash to reserved, empty, symbol-only and over-long names', () => {
  assert.match(tableName('Users'), /^users_[0-9a-f]{8}$/);
  assert.notEqual(tableName('Users'), tableName('users'));
  assert.match(tableName('购买'), /^__[0-9a-f]{8}$/);
  assert.match(tableName(''), /^_[0-9a-f]{8}$/);
  assert.match(tableName('a'.repeat(121)), /^a{100}_[0-9a-f]{8}$/);
  assert.equal(tableName('a'.repeat(120)), 'a'.repeat(120));
});

test('eventTableName() tells a pageview from a custom event of that name', () => {
  assert.equal(eventTableName('pageview', 'view page'), 'pageviews');
  assert.equal(eventTableName('pageview', 'pageview'), 'pageview');
  assert.match(eventTableName('Pageviews', 'Pageviews'), /^pageviews_[0-9a-f]{8}$/);
});

test('columnName() reserves nothing: built-in columns are the table’s business', () => {
  assert.equal(columnName('users'), 'users');
  assert.equal(columnName('plan.name'), 'plan_name');
});

test('names are short, plain and never a reserved table', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const table = tableName(name);
      assert.match(table, /^[a-z0-9_]{1,120}$/);
      assert.ok(!RESERVED_TABLES.has(table));
      assert.equal(table, tableName(name));
    }),
  );
});

test('isAddressable() refuses what ClickHouse takes for its own syntax', () => {
  for (const name of ['a', 'a b', 'a`b', '^', ':', 'x.:Int64', 'a[]', ' '])
    assert.ok(isAddressable(name), name);
  for (const name of ['', 'x.:`String`', ':`', '^`a`', 'a@`b']) assert.ok(!isAddressable(name), name);
});
