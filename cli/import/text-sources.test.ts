import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openCsv } from './csv-source.ts';
import { readText } from './file-text.ts';
import { openJsonLines } from './json-lines-source.ts';
import type { Source } from './source.ts';

const never = new AbortController().signal;

/** Standard input that brings the bytes a few at a time, also in the middle of a character. */
const input = (content: string | Buffer) => {
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) =>
    bytes.subarray(i * 3, i * 3 + 3),
  );
  return readText('-', Readable.from(pieces), never);
};

async function rowsOf(source: Source): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const some of source.rows) {
    for (const one of some)
      rows.push('refusal' in one ? [one.row, one.refusal.code] : [one.row, { ...one.values }]);
  }
  return rows;
}

test('CSV: quotes, line ends in cells, a byte-order mark, empty cells and rows of the wrong length', async () => {
  const csv = '\ufeffidentity , note\r\nZoë,"a ""b"", c\r\nd"\r\n\r\nx,\r\ny\r\nz,1,2\r\n__proto__,ok';
  const source = await openCsv('f', input(csv), ',');
  assert.deepEqual(source.columns, ['identity', 'note']);
  assert.deepEqual(await rowsOf(source), [
    [1, { identity: 'Zoë', note: 'a "b", c\r\nd' }],
    [2, { identity: 'x' }],
    [3, 'wrong_cell_count'],
    [4, 'wrong_cell_count'],
    [5, { identity: '__proto__', note: 'ok' }],
  ]);
});

test('CSV that cannot be read says why', async () => {
  await assert.rejects(openCsv('f', input(''), ','), /Cannot read f: it is empty/);
  const latin = Buffer.from('identity\nZo\xeb\n', 'latin1');
  await assert.rejects(async () => rowsOf(await openCsv('f', input(latin), ',')), /it is not UTF-8/);
  const open = await openCsv('f', input('identity,a\nx,1\ny,"2\nz,3\n'), ',');
  await assert.rejects(rowsOf(open), /Cannot read f as CSV, after row 1: a quote opens/);
});

test('JSON lines: a row is a line; large integers keep their digits; a bad line is one bad row', async () => {
  const lines =
    '{"identity":"é","n":12345678901234567890,"d":0.1234567890123456789}\n\n{"a":\r\n[1]\n{"identity":1}';
  assert.deepEqual(await rowsOf(openJsonLines('f', input(lines))), [
    [1, { identity: 'é', n: '12345678901234567890', d: 0.12345678901234568 }],
    [3, 'malformed_json'],
    [4, 'invalid_row'],
    [5, { identity: 1 }],
  ]);
});
