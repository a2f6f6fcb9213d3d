import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText } from './csv.ts';

test('csvText() quotes what has to be, and defuses what a spreadsheet would compute', () => {
  assert.equal(
    csvText([
      ['step', 'users'],
      ['a "b", c', 3],
      ['=1+1', -2],
      ['line\nbreak', null],
    ]),
    'step,users\r\n"a ""b"", c",3\r\n\'=1+1,-2\r\n"line\nbreak",\r\n',
  );
});
