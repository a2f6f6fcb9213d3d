/** `cairn import`: files of a warehouse, and names of any kind, from HTTP to the readers' views, on a whole stack. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { columnName } from '#schemas/names.ts';
import { readRunFile } from '../../cli/run-file.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const FORMATS = ['csv', 'jsonl', 'parquet'] as const;

const ENVIRONMENTS = [...FORMATS.map((format) => `from_${format}`), 'stopped', 'rejects', 'accounts', 'odd'];
const numberOf = (environment: string) => ENVIRONMENTS.indexOf(environment) + 1;

/** A warehouse's table: 2500 rows of 2000 people, all types a user has, and awkward texts. */
const TABLE = `SELECT concat('person ', toString(number % 2000), '@example.com') AS email,
  concat('O''Neill, "', toString(number), '"\n✓') AS full_name, toUInt32(number) AS age,
  toDecimal64(number, 2) / 100 AS balance, toDateTime64(1700000000 + number, 3, 'UTC') AS signed,
  toDate('2024-01-01') + number % 300 AS birthday, CAST(number % 2 = 0, 'Bool') AS active,
  number + 9007199254740000 AS big, leftPad(toString(number), 5, '0') AS zip,
  if(number % 3 = 0, NULL, 'a note') AS note
FROM numbers(2500) ORDER BY number`;
const PEOPLE = 2000;
const CSV_TYPES = 'age=number,balance=number,signed=time,active=boolean';
/** Of JSON lines a large integer alone would be text, and the column of two types. */
const TYPES = { csv: CSV_TYPES, jsonl: 'signed=time,big=text' };
const USERS = `SELECT identity, age, balance, signed, birthday, active, big, zip, note, name FROM {}.users ORDER BY identity`;

let stack: Stack;

before(async () => {
  stack = await startStack(ENVIRONMENTS);
  const formats = { csv: 'CSVWithNames', jsonl: 'JSONEachRow', parquet: 'Parquet' };
  const settings = { output_format_json_quote_64bit_integers: '0' };
  for (const format of FORMATS) {
    const bytes = await stack.export(`${TABLE} FORMAT ${formats[format]}`, settings);
    await writeFile(join(stack.directory, `people.${format}`), bytes);
  }
});

after(() => stack?.stop());

const importPeople = (format: (typeof FORMATS)[number], ...args: string[]) =>
  stack.cairn(
    'import',
    'users',
    join(stack.directory, `people.${format}`),
    ...['--identity', 'email', '--map', 'full_name=name', '--null', '\\N'],
    ...(format === 'parquet' ? [] : ['--types', TYPES[format]]),
    ...['--env', `from_${format}`, '--rejected', join(stack.directory, `${format}.rejected`), '--json'],
    ...args,
  );

/** All users with their properties; new people, and columns of new properties, show a moment after the rows. */
const usersOf = (environment: string) =>
  until(`the users of ${environment}`, async () => {
    const users = await stack.rows<Record<string, unknown>>(USERS.replace('{}', environment));
    return users.length === PEOPLE && users;
  });

/** Waits until so many property records are loaded. */
const loaded = (environment: string, records: number) =>
  until(`${records} records in ${environment}`, async () => {
    const [row] = await stack.rows<{ n: number }>(
      `SELECT count() AS n FROM cairn.user_properties WHERE environment = ${numberOf(environment)}`,
    );
    return row?.n === records;
  });

test('CSV, JSON lines and Parquet of one table give the same users, and once more changes nothing', async () => {
  const found: Record<string, unknown>[][] = [];
  for (const format of FORMATS) {
    const { code, stdout, stderr } = await importPeople(format);
    assert.equal(code, 0, stderr + stdout);
    const { rows, accepted, rejected, complete, nextRow } = JSON.parse(stdout);
    assert.deepEqual(
      { rows, accepted, rejected, complete, nextRow },
      { rows: 2500, accepted: 2500, rejected: 0, complete: true, nextRow: 2501 },
    );
    await loaded(`from_${format}`, 2500);
    found.push(await usersOf(`from_${format}`));
  }
  const [csv] = found;
  for (const [index, users] of found.entries()) assert.deepEqual(users, csv, FORMATS[index] ?? '');
  // Of the two rows of one person the later one counts.
  assert.deepEqual(
    csv?.find(({ identity }) => identity === 'person 0@example.com'),
    {
      identity: 'person 0@example.com',
      age: 2000,
      balance: 20,
      signed: '2023-11-14T22:46:40.000Z',
      birthday: '2024-07-19',
      active: true,
      big: '9007199254742000',
      zip: '02000',
      note: 'a note',
      name: 'O\'Neill, "2000"\n✓',
    },
  );
  assert.equal((await importPeople('csv')).code, 0);
  await loaded('from_csv', 5000);
  assert.deepEqual(await usersOf('from_csv'), csv);
});

test('Parquet is read whatever packs it, and nested values are flattened', async () => {
  const file = join(stack.directory, 'packed.parquet');
  const table =
    "SELECT 'x@y.z' AS identity, CAST((1, ['p', 'q']), 'Tuple(a UInt8, b Array(String))') AS t, map('k', 2.5) AS m";
  for (const packing of ['none', 'snappy', 'zstd', 'lz4', 'gzip', 'brotli']) {
    const settings = { output_format_parquet_compression_method: packing };
    await writeFile(file, await stack.export(`${table} FORMAT Parquet`, settings));
    const { code, stdout, stderr } = await stack.cairn(
      ...['import', 'users', file, '--dry-run', '--json', '--env', 'rejects'],
    );
    assert.equal(code, 0, `${packing}: ${stderr}`);
    assert.deepEqual(JSON.parse(stdout).sample, [
      { identity: 'x@y.z', properties: { t: { a: 1, b: ['p', 'q'] }, m: { k: 2.5 } } },
    ]);
  }
});

test('accounts are imported, and rejected rows are reported with the reason for each', async () => {
  const accounts = join(stack.directory, 'accounts.csv');
  await writeFile(accounts, 'id,name,tier\n7,Seven,gold\n,Nobody,none\n8,Eight,"silver"\n');
  const report = join(stack.directory, 'accounts.rejected');
  const args = ['import', 'accounts', accounts, '--account-id', 'id', '--rejected', report];
  const dry = await stack.cairn(...args, '--env', 'accounts', '--dry-run', '--json');
  assert.equal(dry.code, 1);
  const sent = await stack.cairn(...args, '--env', 'accounts', '--json');
  assert.equal(sent.code, 1, sent.stderr);
  for (const { stdout } of [dry, sent]) {
    const { rows, accepted, rejected } = JSON.parse(stdout);
    assert.deepEqual({ rows, accepted, rejected }, { rows: 3, accepted: 2, rejected: 1 });
  }
  assert.deepEqual(
    (await readFile(report, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {
        row: 2,
        code: 'missing_account_id',
        message: 'Cannot accept the row: it has no account_id',
        values: { name: 'Nobody', tier: 'none' },
      },
    ],
  );
  await until('both accounts', async () => {
    const rows = await stack.rows(
      `SELECT account_id, properties.name.:String AS name FROM cairn.account_properties
       WHERE environment = ${numberOf('accounts')} ORDER BY account_id`,
    );
    return JSON.stringify(rows) === '[{"account_id":"7","name":"Seven"},{"account_id":"8","name":"Eight"}]';
  });
});

test('what a dry run rejects is what the collector rejects', async () => {
  const file = join(stack.directory, 'bad.jsonl');
  const lines = [
    '{"identity":"good@b.c","n":1}',
    '{"identity":"null"}',
    '{"identity":"good@b.c","id":5}',
    'not json',
    `{"identity":"${'x'.repeat(256)}"}`,
    '{"n":1}',
    `{"identity":"deep@b.c","a":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
    `{"identity":"long@b.c","v":"${'y'.repeat(2000)}"}`,
  ];
  await writeFile(file, lines.join('\n'));
  const reports: unknown[] = [];
  for (const dry of [['--dry-run'], []]) {
    const report = join(stack.directory, `bad${dry.length}`);
    const args = ['--env', 'rejects', '--rejected', report, ...dry];
    const { code, stdout } = await stack.cairn('import', 'users', file, ...args);
    assert.equal(code, 1);
    assert.match(stdout, /2 (would be )?accepted, 6 rejected/);
    const found = (await readFile(report, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    reports.push(found.toSorted((a, b) => a.row - b.row));
  }
  assert.deepEqual(reports[0], reports[1]);
  assert.deepEqual(
    (reports[1] as { row: number; code: string }[]).map(({ row, code }) => [row, code]),
    [
      [2, 'placeholder_identity'],
      [3, 'reserved_property'],
      [4, 'malformed_json'],
      [5, 'identity_too_long'],
      [6, 'missing_identity'],
      [7, 'properties_too_deep'],
    ],
  );
});

test('an import that is stopped says where it stands, and goes on from there', async () => {
  const row = (number: number) => `{"identity":"user ${number}","number":${number}}\n`;
  const lines = Array.from({ length: 3500 }, (_, index) => row(index + 1));
  const child = spawn(
    process.execPath,
    [MAIN, 'import', 'users', '-', '--format', 'jsonl', '--env', 'stopped'],
    { env: { ...process.env, ...stack.env }, stdio: ['pipe', 'ignore', 'pipe'] },
  );
  const said = text(child.stderr);
  const exited = once(child, 'exit');
  child.stdin.write(lines.slice(0, 2500).join(''));
  await loaded('stopped', 2000);
  child.kill('SIGINT');
  assert.deepEqual(await exited, [130, null]);
  assert.match(await said, /Every row before row 2001 of standard input is done: go on with --from-row 2001/);

  const file = join(stack.directory, 'all.jsonl');
  await writeFile(file, lines.join(''));
  const { code, stdout, stderr } = await stack.cairn(
    ...['import', 'users', file, '--from-row', '2001', '--env', 'stopped', '--json'],
  );
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).accepted, 1500);
  await loaded('stopped', 3500);
  const wanted = { n: 3500, sum: (3500 * 3501) / 2 };
  await until('every user', async () => {
    const [found] = await stack.rows('SELECT count() AS n, sum(number) AS sum FROM stopped.users');
    return JSON.stringify(found) === JSON.stringify(wanted);
  });
});

const post = async (path: string, body: object) => {
  const url = new URL(path, stack.collector);
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ app_id: 'odd', ...body }) });
  assert.deepEqual([response.status, await response.text()], [200, '{}']);
};

test('names that are SQL, empty or 1024 emoji are data, from the file and from HTTP to the views', async () => {
  const names = ["'; DROP TABLE cairn.events; --", '`) FROM system.one -- ', '\\', '😀'.repeat(1024), ''];
  const properties = Object.fromEntries(names.map((name, index) => [name, `value ${index}`]));
  const file = join(stack.directory, 'odd.jsonl');
  await writeFile(file, JSON.stringify({ identity: 'odd@b.c', ...properties }));
  const { code, stdout, stderr } = await stack.cairn('import', 'users', file, '--env', 'odd', '--json');
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).changed, { key_truncated: 1 });
  await post('/api/track', { identity: 'odd@b.c', event: 'Odd', properties });
  // Of a name that is too long the beginning is kept, whole characters of it; an empty one is dropped.
  const kept = [...names.slice(0, 3), '😀'.repeat(512)];
  const columns = kept.map((name) => `\`${columnName(name)}\``).join(', ');
  for (const table of ['users', 'odd']) {
    const [row] = await until(`the odd names in ${table}`, async () => {
      const found = await stack.rows(`SELECT ${columns} FROM odd.${table}`);
      return found.length === 1 && found;
    });
    assert.deepEqual(Object.values(row!), ['value 0', 'value 1', 'value 2', 'value 3'], table);
  }
  const flags = await stack.rows(
    "SELECT flags, length(JSONAllPaths(properties)) AS paths FROM cairn.events WHERE name = 'Odd'",
  );
  assert.deepEqual(flags, [{ flags: ['key_truncated', 'key_dropped'], paths: 4 }]);
});

test('ten thousand property names in an environment break no load: a thousand have columns, all are kept, and it is told', async () => {
  const names = (from: number) =>
    Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key ${from + index}`, from + index]));
  const rows = Array.from({ length: 20 }, (_, index) => names(index * 500));
  const file = join(stack.directory, 'wide.jsonl');
  await writeFile(file, rows.map((row) => JSON.stringify({ identity: 'wide@b.c', ...row })).join('\n'));
  const { code, stderr } = await stack.cairn('import', 'users', file, '--env', 'odd');
  assert.equal(code, 0, stderr);
  const events = rows.map((properties) => ({ identity: 'wide@b.c', event: 'Wide', properties }));
  await post('/api/track', { events });
  await post('/api/track', { identity: 'wide@b.c', event: 'After', properties: { 'key 1': 'text' } });
  await until('what came after the wide events', async () => {
    const found = await stack.rows(
      "SELECT name, count() AS n FROM odd.all_events WHERE name IN ('Wide', 'After') GROUP BY name ORDER BY name",
    );
    return JSON.stringify(found) === '[{"name":"After","n":1},{"name":"Wide","n":20}]';
  });
  await until('what came after the wide rows', async () => {
    const [found] = await stack.rows(
      `SELECT uniqExactArray(JSONAllPaths(properties)) AS names FROM cairn.user_properties
       WHERE environment = ${numberOf('odd')} AND identity = 'wide@b.c'`,
    );
    return found?.['names'] === 10_000;
  });
  // All names came at once: the first thousand by name have columns.
  const columns = await until('a thousand columns', async () => {
    const found = await stack.rows<{ table: string; n: number }>(
      "SELECT table, count() AS n FROM system.columns WHERE database = 'odd' AND name LIKE 'key_%' GROUP BY table ORDER BY table",
    );
    return found.length === 3 && found;
  });
  for (const { table, n } of columns) assert.ok(n <= 1000, `${table} has ${n} columns`);
  const [user] = await stack.rows("SELECT key_1 FROM odd.users WHERE identity = 'wide@b.c'");
  assert.deepEqual(user, { key_1: 1 });
  const loader = readRunFile(stack.env['CAIRN_DATA_DIR']!)?.services.find(({ name }) => name === 'loader');
  const metrics = await (await fetch(new URL('/metrics', loader?.url))).text();
  const [, leftOut] = /cairn_loader_names_left_out\{environment="odd"\} (\d+)/.exec(metrics) ?? [];
  assert.ok(Number(leftOut) > 15_000, `${leftOut} names are told`);
});
