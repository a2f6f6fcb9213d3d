import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '#lib/errors.ts';
import { DATA_VERSION, openDataDir, whyIncompatible } from './data-dir.ts';

const CURRENT = { format: 2, kafka: '4.2.0', clickhouse: '26.7.3' };

function emptyDirectory(t: { after(clean: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-data-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('openDataDir() creates the directory, and says who has it to the next one', (t) => {
  const directory = join(emptyDirectory(t), 'deep', 'er');
  const dataDir = openDataDir(directory);
  assert.throws(() => openDataDir(directory), {
    name: 'ConfigError',
    message: `Cannot use the data directory ${directory}: locked by another instance (pid ${process.pid}). Stop that one, or set CAIRN_DATA_DIR to another place`,
  });
  dataDir.release();
  openDataDir(directory).release();
});

test('openDataDir() refuses what a later version wrote, and leaves it unlocked and as it was', (t) => {
  const directory = emptyDirectory(t);
  const written = JSON.stringify({ ...CURRENT, kafka: '4.3.0' });
  writeFileSync(join(directory, 'VERSION'), written);
  for (let attempt = 0; attempt < 2; attempt++) {
    assert.throws(
      () => openDataDir(directory, CURRENT),
      /written by kafka 4\.3\.0, this version runs 4\.2\.0\. Set CAIRN_DATA_DIR/,
    );
  }
  assert.equal(readFileSync(join(directory, 'VERSION'), 'utf8'), written);
});

test('openDataDir() takes over what an earlier version wrote', (t) => {
  const directory = emptyDirectory(t);
  openDataDir(directory, { ...CURRENT, clickhouse: '25.8.1' }).release();
  openDataDir(directory, CURRENT).release();
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'VERSION'), 'utf8')), CURRENT);
});

test('openDataDir() refuses server data that it did not write', (t) => {
  const directory = emptyDirectory(t);
  mkdirSync(join(directory, 'kafka'));
  assert.throws(() => openDataDir(directory), /it has no VERSION file, so something else wrote it/);
});

test('openDataDir() says where it cannot write', (t) => {
  const file = join(emptyDirectory(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => openDataDir(join(file, 'data')),
    (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(
        error.message,
        /^Cannot write to the data directory .*ENOTDIR.*Set CAIRN_DATA_DIR to another place$/,
      );
      return true;
    },
  );
});

test('whyIncompatible() accepts earlier servers and patch releases only', () => {
  const accepted = [
    CURRENT,
    { ...CURRENT, kafka: '4.2.9' },
    { ...CURRENT, kafka: '3.9.0' },
    { ...CURRENT, clickhouse: '26.6.8' },
  ];
  for (const written of accepted) assert.equal(whyIncompatible(JSON.stringify(written), CURRENT), undefined);
  const refused = [
    { ...CURRENT, format: 1 },
    { ...CURRENT, format: 3 },
    { ...CURRENT, kafka: '5.0.0' },
    { ...CURRENT, clickhouse: '26.10.1' },
    { format: 2 },
    null,
    7,
  ];
  for (const written of refused) {
    assert.equal(typeof whyIncompatible(JSON.stringify(written), CURRENT), 'string', JSON.stringify(written));
  }
  assert.equal(whyIncompatible('{"form', CURRENT), 'its VERSION file does not parse: "{\\"form"');
});

test('DATA_VERSION names the servers that are installed', () => {
  const pom = readFileSync(join(import.meta.dirname, 'kafka', 'pom.xml'), 'utf8');
  assert.match(
    pom,
    new RegExp(`<artifactId>kafka_2.13</artifactId>\\s*<version>${DATA_VERSION.kafka}</version>`),
  );
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
  assert.deepEqual(
    Object.values<string>(manifest.optionalDependencies).map((version) => version.split('-')[0]),
    [DATA_VERSION.clickhouse],
  );
});
