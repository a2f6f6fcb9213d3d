import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { COMMANDS } from './commands.ts';
import { runCli } from './run-cli.ts';

let dataDir: string;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cairn-cli-'));
});

after(() => rm(dataDir, { recursive: true }));

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end();
  const { signal } = new AbortController();
  const code = await runCli(args, {
    env: { CAIRN_DATA_DIR: dataDir, ...env },
    stdin,
    stdout,
    stderr,
    signal,
  });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

test('runCli() prints the program help', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
});

test('runCli() without a command is wrong use', async () => {
  const { code, stdout, stderr } = await run([]);
  assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
  assert.match(stderr, /Usage: cairn COMMAND/);
});

for (const [name, { load }] of Object.entries(COMMANDS)) {
  test(`runCli() explains ${name}, with every option and an example`, async () => {
    const { code, stdout } = await run([name, '--help']);
    assert.equal(code, 0);
    const command = await load();
    for (const option of Object.keys(command.options)) assert.match(stdout, new RegExp(`--${option}\\b`));
    assert.match(stdout, new RegExp(`^  cairn ${name}`, 'm'));
    assert.ok('json' in command.options);
  });
}

const wrongUses: [args: string[], message: RegExp][] = [
  [['funel'], /Unknown command "funel"; did you mean funnel\?/],
  [['constructor'], /Unknown command "constructor"/],
  [['help', 'nothing'], /Unknown command "nothing"/],
  [['up', '--services', 'colector'], /Unknown service "colector"; did you mean collector\?/],
  [['sql'], /A statement is missing/],
  [['sql', '-'], /The statement is empty/],
  [['sql', 'select 1', '--json', '--format', 'CSV'], /not both/],
  [['funnel'], /A step is missing/],
  [['funnel', '--step', 'A', '--within', 'soon'], /Cannot read --within/],
  [['funnel', '--step', 'A', '--env', 'main_prodution'], /did you mean main_production\?/],
  [['retention', '--every', 'fortnight'], /Cannot read --every: want day, week or month/],
  [['retention', '--periods', '0'], /Cannot read --periods: want a whole number from 1 to 366/],
  [['sessions', '--from', 'x'], /Cannot read --from/],
  [['tail', '--topic', 'event.collected'], /did you mean events.collected/],
  [['verify', '--form-log'], /Unknown option --form-log; did you mean --from-log\?/],
  [['dead-letters'], /An action is missing: list, show or retry/],
  [['dead-letters', 'shwo'], /Unknown action "shwo"; did you mean show\?/],
  [['dead-letters', 'show', 'x'], /Cannot read the id "x": want partition:offset/],
  [['dead-letters', 'retry'], /Say which letters/],
  [['dead-letters', 'retry', '1:2', '--all'], /Give ids, or filters, not both/],
];

for (const [args, message] of wrongUses) {
  test(`runCli() exits 2 on ${args.join(' ')}`, async () => {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, message);
  });
}

test('runCli() exits 2 on a setting that cannot be read', async () => {
  const { code, stderr } = await run(['status'], { CAIRN_HTTP_PORT: 'eighty' });
  assert.equal(code, 2);
  assert.match(stderr, /Cannot read CAIRN_HTTP_PORT.*"eighty"/);
});

for (const args of [
  ['status'],
  ['sql', 'select 1'],
  ['tail'],
  ['verify'],
  ['sessions'],
  ['funnel', '--step', 'A'],
]) {
  test(`runCli() exits 1 where nothing runs: ${args[0]}`, async () => {
    const { code, stderr } = await run(args);
    assert.equal(code, 1);
    assert.match(stderr, /^No stack runs in .*start one with cairn up/);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });
}

test('runCli() exits 1 in a sentence where ClickHouse does not answer', async () => {
  const { code, stderr } = await run(['sql', 'select 1'], { CAIRN_CLICKHOUSE_URL: 'http://127.0.0.1:1' });
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot reach ClickHouse: .*\n$/);
});

test('runCli() prints the query of a question without a stack', async () => {
  const { code, stdout } = await run(['funnel', '--step', "it's", '--step', 'B', '--within', '1h', '--sql']);
  assert.equal(code, 0);
  assert.match(stdout, /name IN \['it\\'s', 'B'\]/);
  assert.match(stdout, /at - 3600000/);
});
