import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type QuestionDatabase, startQuestionDatabase } from '../test/support/question-database.ts';
import { until } from '../test/support/until.ts';
import { askWithin, type QueryProgress } from './ask-clickhouse.ts';
import { DEFAULT_LIMITS, type QueryLimits } from './limits.ts';
import { LONGEST_QUESTION } from './parse-question.ts';

/** More than a minute of work, unless something ends it. */
const ENDLESS = 'SELECT sum(sipHash64(number)) AS sum FROM numbers(9000000000)';

/** Much less than the limit of time, which ends a question too. */
const ENDS_WITHIN_MS = 10_000;

let database: QuestionDatabase;

before(async () => {
  database = await startQuestionDatabase();
});
after(() => database?.stop());

function askWith(limits: Partial<QueryLimits>, others: Partial<Parameters<typeof askWithin>[1]> = {}) {
  const ask = askWithin(database.clickhouse, { limits: { ...DEFAULT_LIMITS, ...limits }, ...others });
  return (sql: string, params = {}) => ask({ sql, params });
}

test('askWithin() gives the rows, with whatever parameters', async () => {
  const hostile = '\'"`\\ {x:String} \0 \n\t -- /* \u{1f642} \\N';
  const sql = 'SELECT {p:String} AS text, {q:Array(String)} AS texts, {n:UInt64} AS n';
  assert.deepEqual(await askWith({})(sql, { p: hostile, q: [hostile, ''], n: 2 ** 53 - 1 }), [
    { text: hostile, texts: [hostile, ''], n: 2 ** 53 - 1 },
  ]);
});

test('askWithin() sends whatever a question may hold', async () => {
  for (const character of ["'", '\u0001', '\u20ac', '"', 'x']) {
    // A quotation mark and a control character are longer as JSON.
    const most = Math.floor(LONGEST_QUESTION / (JSON.stringify(character).length - 2));
    const q = [character.repeat(most)];
    assert.deepEqual(await askWith({})('SELECT lengthUTF8({q:Array(String)}[1]) AS length', { q }), [
      { length: most },
    ]);
  }
});

const limited: readonly [limits: Partial<QueryLimits>, sql: string, said: RegExp][] = [
  [
    { maxSeconds: 1 },
    ENDLESS,
    /^The question took longer than 1 s: ask about a shorter range .* --max-seconds$/,
  ],
  [
    { maxMemoryBytes: 20_000_000 },
    'SELECT arraySum(groupArray(number)) FROM numbers(100000000)',
    /^The question needs more than 19 MiB of memory: .* CAIRN_QUERY_MAX_MEMORY_BYTES$/,
  ],
  [
    { maxRows: 1000 },
    'SELECT sum(number) FROM numbers(100000)',
    /^The question reads more than 1000 rows: .* CAIRN_QUERY_MAX_ROWS$/,
  ],
  [
    { maxResultRows: 10 },
    'SELECT number FROM numbers(1000)',
    /^The answer has more than 10 rows: .* CAIRN_QUERY_MAX_RESULT_ROWS$/,
  ],
  [{}, "SELECT match('x', '(?!y)')", /^Cannot read the expression "\(\?!y\)": invalid perl operator/],
  [{}, 'SELECT nosuch FROM numbers(1)', /^There is no property or column "nosuch"$/],
  [{}, 'SELECT 1 FROM nosuch.users', /^There is nothing of this environment in ClickHouse yet/],
  [
    {},
    "INSERT INTO cairn.resolved_events (name) VALUES ('x')",
    /^ClickHouse: .*Cannot execute query in readonly mode/,
  ],
  [
    {},
    'SELECT throwIf(number = 3) FROM numbers(9)',
    /^ClickHouse: .*\(FUNCTION_THROW_IF_VALUE_IS_NON_ZERO 395\)$/,
  ],
];

for (const [limits, sql, said] of limited) {
  test(`askWithin() says why it has no answer to ${sql}`, async () => {
    await assert.rejects(askWith(limits)(sql), { name: 'QuestionError', message: said });
  });
}

test('askWithin() goes to disk where a question is large, instead of failing', async () => {
  const groups = 'SELECT count() AS groups FROM (SELECT number FROM numbers(6000000) GROUP BY number)';
  assert.deepEqual(await askWith({ maxMemoryBytes: 150_000_000 })(groups), [{ groups: 6_000_000 }]);
});

test('askWithin() tells how far a question is, and stops it on the server', async () => {
  const controller = new AbortController();
  const seen: QueryProgress[] = [];
  const answer = askWith(
    {},
    { signal: controller.signal, onProgress: (progress) => void seen.push(progress) },
  )(ENDLESS);
  const stopped = assert.rejects(answer, { name: 'QuestionError', message: 'The question was stopped' });
  await until('progress', () => Promise.resolve(seen.length > 2));
  controller.abort();
  await stopped;
  const running = "SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT sum(sipHash64%'";
  await until(
    'its end on the server',
    async () => {
      const [row] = await database.rowsOf<{ n: number }>({ sql: running, params: {} });
      return row?.n === 0;
    },
    ENDS_WITHIN_MS,
  );
  const last = seen.at(-1) as QueryProgress;
  assert.ok(last.readRows > 0 && last.readRows < last.totalRows && last.elapsedMs > 0, JSON.stringify(last));
});

test('askWithin() asks nothing when it is stopped before', async () => {
  await assert.rejects(askWith({}, { signal: AbortSignal.abort() })('SELECT 1'), { name: 'QuestionError' });
});
