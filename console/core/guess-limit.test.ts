import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuessLimit } from './guess-limit.ts';

test('GuessLimit lets an address wait longer with each wrong key, and forgets it with a right one', () => {
  const limit = new GuessLimit();
  for (let guess = 0; guess < 3; guess += 1) limit.wrong('10.0.0.1', 0);
  assert.equal(limit.waitMs('10.0.0.1', 0), 0);
  limit.wrong('10.0.0.1', 0);
  assert.equal(limit.waitMs('10.0.0.1', 0), 1000);
  limit.wrong('10.0.0.1', 1000);
  assert.equal(limit.waitMs('10.0.0.1', 1000), 2000);
  for (let guess = 0; guess < 20; guess += 1) limit.wrong('10.0.0.1', 2000);
  assert.equal(limit.waitMs('10.0.0.1', 2000), 60_000);
  assert.equal(limit.waitMs('10.0.0.1', 62_000), 0);
  assert.equal(limit.waitMs('10.0.0.2', 2000), 0);
  limit.right('10.0.0.1');
  assert.equal(limit.waitMs('10.0.0.1', 2000), 0);
});

test('GuessLimit takes the addresses of one IPv6 network for one', () => {
  const limit = new GuessLimit();
  for (let guess = 0; guess < 5; guess += 1) limit.wrong(`2001:db8:1:2::${guess}`, 0);
  assert.equal(limit.waitMs('2001:db8:1:2::ffff', 0), 2000);
  assert.equal(limit.waitMs('2001:db8:1:3::1', 0), 0);
});

test('GuessLimit remembers a bounded number of addresses', () => {
  const limit = new GuessLimit();
  for (let guess = 0; guess < 5; guess += 1) limit.wrong('10.0.0.1', 0);
  for (let other = 0; other < 10_000; other += 1) limit.wrong(`o${other}`, 0);
  assert.equal(limit.waitMs('10.0.0.1', 0), 0);
});
