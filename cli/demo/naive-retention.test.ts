import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countRetention } from './naive-retention.ts';

const HOUR_MS = 3_600_000;
const at = (day: number, hour: number, name = 'see') => ({ name, at: (day * 24 + hour) * HOUR_MS });

test('countRetention() counts returns by calendar day after the first start', () => {
  const people = [
    [at(0, 23), at(1, 0), at(1, 5), at(3, 0)],
    [at(0, 1)],
    [at(1, 1), at(2, 2, 'other')],
    [at(0, 0, 'other')],
  ];
  assert.deepEqual(countRetention(people, { start: 'see', back: 'see' }, 2), [
    { day: '1970-01-01', size: 2, returned: [2, 1, 0] },
    { day: '1970-01-02', size: 1, returned: [1, 0, 0] },
  ]);
});
