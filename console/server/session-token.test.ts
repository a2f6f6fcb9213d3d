import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSession, signSession } from './session-token.ts';

const SECRET = Buffer.alloc(32, 1);
const SESSION = { who: 'key', environment: 2, expiresAtMs: 1000 };
const TOKEN = signSession(SESSION, SECRET);

test('readSession() gives what was signed, until it expires', () => {
  assert.deepEqual(readSession(TOKEN, SECRET, 999), SESSION);
  assert.equal(readSession(TOKEN, SECRET, 1000), undefined);
});

test('readSession() takes no session that was changed, cut, or signed with another secret', () => {
  const [body = '', signature = ''] = TOKEN.split('.');
  const other = Buffer.from(JSON.stringify({ ...SESSION, environment: undefined })).toString('base64url');
  const forged = [
    undefined,
    '',
    '.',
    body,
    `${body}.`,
    `${other}.${signature}`,
    `${body}.${signature}.`,
    `${body}.${signature.slice(1)}`,
  ];
  for (const token of forged) assert.equal(readSession(token, SECRET, 0), undefined, String(token));
  assert.equal(readSession(TOKEN, Buffer.alloc(32, 2), 0), undefined);
});
