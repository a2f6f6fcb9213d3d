import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judgeRun, whyUnfit } from './judge-run.ts';
import { occurrences } from './protection.ts';
import { PROTECTIONS } from './protections.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the text of every protection occurs once in its file, and its test is there', () => {
  assert.ok(PROTECTIONS.length > 0);
  assert.equal(new Set(PROTECTIONS.map(({ name }) => name)).size, PROTECTIONS.length);
  for (const { name, file, find, replace, testFile, testName } of PROTECTIONS) {
    assert.equal(occurrences(read(file), find), 1, `${name}: its text in ${file}`);
    assert.notEqual(find, replace, name);
    const tests = read(testFile).replaceAll(String.raw`\'`, "'");
    if (testName !== undefined) assert.ok(tests.includes(testName), `${name}: ${testName}`);
  }
});

test('every patched file of a package has protections', () => {
  const patched = [...read('patches/kafkajs+2.2.4.patch').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(
    ([, file]) => file,
  );
  assert.ok(patched.length > 0);
  const files = new Set(PROTECTIONS.map(({ file }) => file));
  assert.deepEqual(
    patched.filter((file = '') => !files.has(file)),
    [],
  );
});

const passed = { name: 'a', passed: true, hookFailed: false, message: '' };
const failed = { ...passed, passed: false, message: 'not so' };
const run = { ended: [passed], hung: false, seconds: 1, said: '' };

test('judgeRun() tells a test that fails from one that hangs and from one that never ran', () => {
  assert.equal(judgeRun(run).verdict, 'survives');
  assert.deepEqual(judgeRun({ ...run, ended: [passed, failed] }), { verdict: 'fails', detail: 'a: not so' });
  assert.equal(judgeRun({ ...run, hung: true }).verdict, 'hangs');
  assert.equal(judgeRun({ ...run, ended: [] }).verdict, 'broken');
  assert.equal(judgeRun({ ...run, ended: [{ ...failed, hookFailed: true }] }).verdict, 'broken');
});

test('whyUnfit() finds tests that do not pass as they are, and those that are not there', () => {
  assert.equal(whyUnfit(run, ['a']), '');
  assert.equal(whyUnfit({ ...run, ended: [failed] }, ['a']), 'a: not so');
  assert.match(whyUnfit(run, ['b']), /no test named "b"/);
});
