import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hidePassword } from './hide-password.ts';

test('hidePassword() leaves a URL without one as it is', () => {
  for (const url of ['', 'http://localhost:8123', 'https://cairn@clickhouse/', 'http://[::1]:8123/a:b@c'])
    assert.equal(hidePassword(url), url);
});

test('hidePassword() hides the password of a URL, and what may be one in a text that is none', () => {
  const shown = {
    'http://cairn:secret@clickhouse:8123': 'http://cairn:***@clickhouse:8123',
    'http://:secret@clickhouse:8123/': 'http://:***@clickhouse:8123/',
    'https://a:secret@secret:secret@h': 'https://a:***@h',
    'http://h:8123/?user=a&password=secret&x=1': 'http://h:8123/?user=a&password=***&x=1',
    'http://a:sec/ret@h:8123': 'http://a:***@h:8123',
    'http//a:secret@h': 'http//a:***@h',
    'a:secret@h:8123': 'a:***@h:8123',
    'ftp://a:secret@h': 'ftp://a:***@h',
  };
  for (const [url, text] of Object.entries(shown)) assert.equal(hidePassword(url), text);
});

test('hidePassword() shows no password, whatever it is made of', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (end) => {
      const password = `secret${end}`;
      for (const login of [password, encodeURIComponent(password.toWellFormed())])
        assert.ok(!hidePassword(`http://cairn:${login}@clickhouse:8123`).includes('secret'));
    }),
  );
});
