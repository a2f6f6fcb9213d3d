import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bar, durationText, percent, renderTable, thousands } from './table.ts';

test('renderTable() pads columns to their widest cell and leaves no blanks at the end', () => {
  assert.equal(
    renderTable(
      [{ title: 'name' }, { title: 'count', right: true }],
      [
        ['a long one', '5'],
        ['b', '1 000'],
      ],
    ),
    'name        count\na long one      5\nb           1 000\n',
  );
});

test('bar() fills a share and stays within its width', () => {
  assert.equal(bar(0.5, 4), '██··');
  assert.equal(bar(0, 4), '····');
  assert.equal(bar(2, 4), '████');
});

test('percent() has nothing to say of nothing', () => {
  assert.equal(percent(1, 3), '33.3%');
  assert.equal(percent(0, 0), '-');
});

test('thousands() groups digits', () => {
  assert.equal(thousands(1234567), '1 234 567');
  assert.equal(thousands(999), '999');
});

test('durationText() keeps the two largest units', () => {
  assert.equal(durationText(400), '0.4s');
  assert.equal(durationText(61_000), '1m 1s');
  assert.equal(durationText(90_061_000), '1d 1h');
  assert.equal(durationText(3_600_000), '1h');
});
