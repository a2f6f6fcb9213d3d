/** The examples on the demo's data: every question, statement and panel runs, answers something, and those that ask the same agree. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@clickhouse/client';
import { createClickHouse } from '#lib/clickhouse/client.ts';
import { parseEnvironments } from '#lib/config/environments.ts';
import { answerTable } from '#queries/answer/answer-table.ts';
import { answerQuestion } from '#queries/answer.ts';
import { askWithin } from '#queries/ask-clickhouse.ts';
import { DEFAULT_LIMITS } from '#queries/limits.ts';
import { parseQuestion } from '#queries/parse-question.ts';
import {
  EXAMPLES,
  type ExampleQuestion,
  exampleQuestions,
  pictureOf,
} from '../../examples/example-questions.ts';
import { tableOf } from '../../examples/table-of.ts';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

const EXAMPLES_FOLDER = new URL('../../examples/', import.meta.url);
const REGISTRY = new URL('environments.json', EXAMPLES_FOLDER);
const EVENTS = 8000;
const MOST_ERROR = 1e-9;

let stack: WholeStack;

before(async () => {
  stack = await startWholeStack(JSON.parse(readFileSync(REGISTRY, 'utf8')));
  const { code, stderr } = await stack.cairn(
    'demo',
    '--against',
    stack.collectorUrl,
    '--events',
    String(EVENTS),
    '--json',
  );
  assert.equal(code, 0, stderr);
});
after(() => stack?.stop());

const nameOf = ({ example, name }: ExampleQuestion) => `${example}/${name}`;

function sqlTable({ sql }: ExampleQuestion) {
  return tableOf(createClickHouse({ url: stack.clickHouseUrl }), sql);
}

test('every question of the examples has a picture and is in its README', () => {
  const questions = exampleQuestions();
  assert.equal(questions.length, 20);
  for (const question of questions) {
    const { example, name, written } = question;
    assert.ok(existsSync(pictureOf(question)), nameOf(question));
    const readme = readFileSync(new URL(`${example}/README.md`, EXAMPLES_FOLDER), 'utf8');
    for (const part of [
      written.title,
      `questions/${name}.yaml`,
      `questions/${name}.sql`,
      `pictures/${name}.svg`,
    ])
      assert.ok(readme.includes(part), `${example}/README.md does not name ${part}`);
  }
});

test('every SQL file of the examples answers something', async () => {
  for (const question of exampleQuestions()) {
    const { rows } = await sqlTable(question);
    assert.ok(rows.length > 0, nameOf(question));
    assert.ok(
      rows.some((row) => row.some((cell) => typeof cell === 'number' && cell > 0)),
      `${nameOf(question)} counts nothing`,
    );
  }
});

test('every question file of the examples says what its SQL says', async () => {
  const environments = parseEnvironments(readFileSync(REGISTRY, 'utf8'), fileURLToPath(REGISTRY));
  const clickhouse = createClient({
    url: stack.clickHouseUrl,
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const ask = askWithin(clickhouse, { limits: DEFAULT_LIMITS });
  const questions = exampleQuestions();
  try {
    for (const question of questions) {
      const name = nameOf(question);
      const nowMs = Date.now();
      const parsed = parseQuestion(question.written, { nowMs, environments });
      assert.ok(parsed.question !== undefined, `${name}: ${JSON.stringify(parsed.problems)}`);
      assert.deepEqual(parsed.warnings, [], name);
      const { rows: answer } = answerTable(await answerQuestion(ask, parsed.question, nowMs));
      const { rows } = await sqlTable(question);
      assert.equal(rows.length, answer.length, `${name}: ${JSON.stringify({ sql: rows, answer })}`);
      for (const [index, row] of answer.entries())
        assert.ok(
          isSame(row, rows[index] ?? []),
          `${name}, row ${index}: SQL says ${JSON.stringify(rows[index])}, the question ${JSON.stringify(row)}`,
        );
    }
    const files = questions.map(({ example, name }) =>
      fileURLToPath(new URL(`${example}/questions/${name}.yaml`, EXAMPLES_FOLDER)),
    );
    const { code, stdout, stderr } = await stack.cairn('ask', ...files, '--json');
    assert.deepEqual([code, stdout.trimEnd().split('\n').length], [0, files.length], stderr);
  } finally {
    await clickhouse.close();
  }
});

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return (
    one.length === other.length &&
    one.every((cell, index) => {
      const second = other[index];
      if (typeof cell !== 'number' || typeof second !== 'number') return cell === isoTime(second);
      // Answers have whole milliseconds, which SQL need not round, and would round to even.
      const rounding = Number.isInteger(cell) && !Number.isInteger(second) ? 0.5 : 0;
      return Math.abs(cell - second) <= rounding + MOST_ERROR * Math.max(1, Math.abs(cell));
    })
  );
}

/** A time of ClickHouse's JSON as answers have it; anything else as it is. */
function isoTime(cell: unknown): unknown {
  return typeof cell === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/.test(cell)
    ? `${cell.replace(' ', 'T')}Z`
    : cell;
}

test('the plans of the examples are as the demo sends', async () => {
  for (const example of EXAMPLES) {
    const file = fileURLToPath(new URL(`${example}/plan.yaml`, EXAMPLES_FOLDER));
    const { stdout, stderr } = await stack.cairn('plan', 'coverage', '--plan', file, '--json');
    const { totals, users, accounts } = JSON.parse(stdout || assert.fail(stderr));
    const { planned, arriving, missing } = totals;
    // What a small history does not tell of is no fault of the plan.
    assert.deepEqual([totals.malformed, arriving + missing], [0, planned], `${example}: ${stdout}`);
    assert.ok(missing <= 2, `${example}: ${missing} events are missing`);
    for (const { name, status } of [...users.properties, ...accounts.properties])
      assert.equal(status, 'arrives', `${example}: ${name}`);
  }
});

type Panel = { readonly title: string; readonly targets: readonly { readonly rawSql: string }[] };

/** What the macros of the data source plugin stand for. */
function withoutMacros(sql: string): string {
  return sql
    .replaceAll(/\$\{database\}/g, 'main_production')
    .replaceAll(/\$__timeFilter\(([^()]*)\)/g, '$1 >= now() - INTERVAL 7 DAY AND $1 <= now()')
    .replaceAll(/\$__timeInterval\(([^()]*)\)/g, 'toStartOfInterval(toDateTime($1), INTERVAL 3600 second)');
}

test('every panel of the Grafana dashboard answers something', async () => {
  const dashboard = JSON.parse(readFileSync(new URL('grafana/cairn-usage.json', EXAMPLES_FOLDER), 'utf8'));
  const clickHouse = createClickHouse({ url: stack.clickHouseUrl });
  assert.ok(dashboard.panels.length >= 8);
  for (const { title, targets } of dashboard.panels as Panel[]) {
    for (const { rawSql } of targets) {
      const sql = withoutMacros(rawSql);
      assert.doesNotMatch(sql, /\$/, title);
      assert.ok((await clickHouse.query(sql)).length > 0, title);
    }
  }
  const [{ query }] = dashboard.templating.list;
  assert.deepEqual(await clickHouse.query(query), [{ name: 'main_production' }]);
});

const runFile = promisify(execFile);
const PYTHON = process.env['CAIRN_NOTEBOOK_PYTHON'] ?? 'python3';
const hasNotebooks = await runFile(PYTHON, [
  '-c',
  'import nbclient, ipykernel, clickhouse_connect, pandas, matplotlib',
]).then(
  () => true,
  () => false,
);

test('the notebook runs from its first cell to the last', {
  skip: hasNotebooks
    ? false
    : 'examples/notebook/requirements.txt is not installed; CAIRN_NOTEBOOK_PYTHON names a Python that has it',
}, async () => {
  const script = fileURLToPath(new URL('notebook/run.py', EXAMPLES_FOLDER));
  const { stdout } = await runFile(PYTHON, [script], {
    env: { ...process.env, CAIRN_CLICKHOUSE_URL: stack.clickHouseUrl },
  });
  assert.match(stdout, /^\d+ cells ran/);
});

test('the notebook keeps the outputs of a run in which nothing failed', () => {
  const notebook = JSON.parse(readFileSync(new URL('notebook/usage.ipynb', EXAMPLES_FOLDER), 'utf8'));
  const cells = notebook.cells.filter((cell: { cell_type: string }) => cell.cell_type === 'code');
  assert.ok(cells.length > 0);
  for (const { execution_count, outputs } of cells) {
    assert.ok(execution_count > 0);
    for (const { output_type } of outputs) assert.notEqual(output_type, 'error');
  }
});
