import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { kafkaJars } from './kafka-jars.ts';

/** A project, and a stand-in for Maven first on the path that notes each run and does what `script` says. */
function project(t: TestContext, script: string): { home: string; runs: () => number } {
  const home = mkdtempSync(join(tmpdir(), 'cairn-jars-'));
  const path = process.env['PATH'] ?? '';
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(home, { recursive: true });
  });
  writeFileSync(join(home, 'pom.xml'), '<project/>');
  writeFileSync(join(home, 'runs'), '');
  mkdirSync(join(home, 'bin'));
  const maven = `#!/bin/sh\necho run >> '${home}/runs'\ntarget=\${3#-DoutputDirectory=}\n${script}\n`;
  writeFileSync(join(home, 'bin', 'mvn'), maven);
  chmodSync(join(home, 'bin', 'mvn'), 0o755);
  process.env['PATH'] = `${join(home, 'bin')}${delimiter}${path}`;
  return { home, runs: () => readFileSync(join(home, 'runs'), 'utf8').length / 'run\n'.length };
}

test('kafkaJars() downloads once for callers at the same time, and never again', async (t) => {
  const { home, runs } = project(t, 'mkdir "$target" && echo jar > "$target/kafka.jar"');
  const said: string[] = [];
  const options = { home, progress: (text: string) => said.push(text) };
  const [first, second] = await Promise.all([kafkaJars(options), kafkaJars(options)]);
  assert.equal(first, second);
  assert.deepEqual(readdirSync(first), ['kafka.jar']);
  assert.equal(await kafkaJars(options), first);
  assert.equal(runs(), 1);
  assert.deepEqual(said.toSorted(), [
    'downloading Kafka with Maven (43 MB, only this once)',
    `waiting for process ${process.pid}, which downloads Kafka`,
  ]);
});

test('kafkaJars() downloads again for another pom, and after a download that broke off', async (t) => {
  const { home, runs } = project(
    t,
    'mkdir "$target" && [ -e "$target/../../ok" ] || { echo "[ERROR] no network"; exit 1; }',
  );
  const options = { home, progress: () => {} };
  await assert.rejects(kafkaJars(options), {
    name: 'UnavailableError',
    message:
      "Cannot download Kafka: mvn exited with 1. Check the network, and the mirrors and proxies in Maven's settings.xml:\nno network",
  });
  writeFileSync(join(home, 'ok'), '');
  const jars = await kafkaJars(options);
  assert.deepEqual(readdirSync(join(home, 'lib')), [jars.slice(-12)]);
  writeFileSync(join(home, 'pom.xml'), '<project>2</project>');
  assert.notEqual(await kafkaJars(options), jars);
  assert.equal(runs(), 3);
});

test('kafkaJars() says what to install where Maven is missing', async (t) => {
  const { home } = project(t, 'exit 127');
  await assert.rejects(kafkaJars({ home, progress: () => {} }), {
    name: 'ConfigError',
    message: /^Cannot download Kafka: Maven is missing \(mvn\)\. Install it .*docker compose up$/,
  });
});
