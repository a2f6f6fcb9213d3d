import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findJava, javaVersion } from './java.ts';

test('javaVersion() reads old and new banners', () => {
  assert.equal(javaVersion('openjdk version "17.0.15" 2025-04-15'), 17);
  assert.equal(javaVersion('openjdk version "21" 2023-09-19'), 21);
  assert.equal(javaVersion('java version "1.8.0_402"'), 8);
  assert.equal(javaVersion('openjdk version "25-ea" 2025-09-16'), 25);
  assert.equal(
    javaVersion('The operation couldn’t be completed. Unable to locate a Java Runtime.'),
    undefined,
  );
});

test('findJava() says what to install where Java is missing', async () => {
  await assert.rejects(findJava({ PATH: '' }), {
    name: 'ConfigError',
    message:
      /^Cannot run the embedded Kafka: Java is missing \(java\)\. Install Java 17 or newer .*docker compose up$/,
  });
  await assert.rejects(
    findJava({ JAVA_HOME: '/nowhere' }),
    /\(\/nowhere\/bin\/java\)\. Correct JAVA_HOME, install Java 17/,
  );
});

test('findJava() refuses a Java that is too old, by its version', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'cairn-java-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin', 'java'), '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n');
  chmodSync(join(home, 'bin', 'java'), 0o755);
  await assert.rejects(findJava({ ...process.env, JAVA_HOME: home }), {
    name: 'ConfigError',
    message: /is Java 11, it needs 17 or newer\. Install one and point JAVA_HOME at it/,
  });
});
