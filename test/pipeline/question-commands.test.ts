/** The commands that ask questions, on a ClickHouse that a loader has filled. */

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FEW_BUYERS } from '../support/few-buyers.ts';
import { type QuestionCommands, startQuestionCommands } from '../support/question-commands.ts';

const DAY_MS = 86_400_000;

let commands: QuestionCommands;
let directory: string;

before(async () => {
  commands = await startQuestionCommands(FEW_BUYERS);
  directory = commands.directory;
});
after(() => commands?.stop());

const run = (...given: Parameters<QuestionCommands['run']>) => commands.run(...given);

async function cairn(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  assert.equal(code, 0, `cairn ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

const json = async (...args: string[]) => JSON.parse(await cairn(...args, '--json'));
const STEPS = ['--step', 'Signup', '--step', 'Purchase'];

test('funnel --where says more of the step before it, and --by splits by any property', async () => {
  const counts = async (...args: string[]) =>
    (await json('funnel', ...args)).steps.map(({ count }: { count: number }) => count);
  assert.deepEqual(await counts(...STEPS), [3, 2]);
  assert.deepEqual(
    await counts('--step', 'Signup', '--where', 'plan = pro', '--step', 'Purchase', '--where', 'total > 20'),
    [2, 1],
  );
  assert.deepEqual(
    await counts('--step', '*', '--where', 'field.path starts with /prices', '--step', 'Purchase'),
    [1, 1],
  );
  assert.deepEqual(await counts(...STEPS, '--among', 'user.plan in team, pro'), [1, 1]);
  assert.deepEqual(
    await counts(...STEPS, '--step', 'Purchase', '--exclude', 'Refund:1-2', '--within', '8d'),
    [3, 2, 1],
  );
  assert.deepEqual(await counts(...STEPS, '--from', '2026-03-02T12:30', '--to', '2026-03-03T13:00'), [2, 0]);
  assert.deepEqual(await counts(...STEPS, '--subject', 'account'), [2, 1]);
  assert.deepEqual(await counts('--step', String.raw`\@home`), [1]);
  const { by, groups } = await json('funnel', ...STEPS, '--by', 'user.plan@2');
  assert.equal(by, 'user.plan of step 2');
  assert.deepEqual(
    groups
      .map(({ value, steps }: { value: string; steps: { count: number }[] }) => [
        value,
        ...steps.map(({ count }) => count),
      ])
      .sort(),
    [
      ['free', 1, 1],
      ['team', 1, 1],
      [null, 1, 0],
    ].sort(),
  );
});

test('funnel --times and --every say how long it took, and when attempts began', async () => {
  const answer = await json('funnel', ...STEPS, '--times', '--every', 'week');
  assert.equal(answer.steps[1].fromPrevious.medianMs, DAY_MS);
  assert.deepEqual(
    answer.periods.map(({ period, steps }: { period: string; steps: { count: number }[] }) => [
      period,
      steps[1]?.count,
    ]),
    [['2026-03-02', 2]],
  );
  assert.match(await cairn('funnel', ...STEPS, '--times'), /2 Purchase +2 +66\.7% +66\.7% +1d +1d /);
});

test('funnel --list-lost says who did a step and not the next one', async () => {
  const { lost } = await json('funnel', ...STEPS, '--list-lost', '1');
  assert.deepEqual(lost, {
    after: 1,
    list: [
      {
        ...{ userId: 3, identity: null, account: null, sessionId: null },
        ...{ started: '2026-03-02T14:00:00.000Z', lastStep: '2026-03-02T14:00:00.000Z' },
      },
    ],
  });
  assert.match(
    await cairn('funnel', ...STEPS, '--list-lost', '1'),
    /\nlost after step 1\nuser id .*\n +3 +- +2026-03-02T14:00Z/,
  );
  assert.match(
    (await run(['funnel', ...STEPS, '--list-lost', '2'])).stderr,
    /^Cannot read --list-lost: want a whole number from 1 to 1/,
  );
});

test('--csv quotes what must be quoted, and --sql is a query that gives the answer', async () => {
  assert.equal(
    await cairn('funnel', '--step', 'Signup', '--by', 'plan', '--csv'),
    'plan,step,event,users,of first,of previous\r\npro,1,Signup,2,1,1\r\n"a, ""b""",1,Signup,1,1,1\r\n',
  );
  const sql = await cairn('funnel', ...STEPS, '--sql');
  assert.match(await run(['sql', sql, '--format', 'TSV']).then(({ stdout }) => stdout), /\[3,2\]/);
  const { params } = JSON.parse(await cairn('funnel', ...STEPS, '--sql', '--json'));
  assert.ok(JSON.stringify(params).includes('Purchase'));
});

test('retention takes events with conditions, brackets, and a property of users', async () => {
  const { columns, cohorts } = await json(
    ...['retention', '--start', 'Signup', '--return', 'Purchase', '--where', 'total >= 10'],
    ...['--counts', '0,1,2', '--periods', '7'],
  );
  assert.deepEqual(columns, ['day 0', 'day 1', 'days 2-7']);
  assert.deepEqual(cohorts, [{ cohort: '2026-03-02', users: 3, returned: [0, 2, 0] }]);
  const weekly = await json(
    'retention',
    '--start',
    'Signup',
    '--return',
    'Purchase',
    '--every',
    'week',
    '--periods',
    '1',
    '--by',
    'user.plan',
  );
  assert.deepEqual(weekly.cohorts, [{ cohort: '2026-03-02', users: 3, returned: [2, 1] }]);
  assert.deepEqual(
    weekly.groups.map(({ value }: { value: string }) => value),
    ['free', 'team'],
  );
});

test('paths lists sequences', async () => {
  const { occurrences, paths } = await json(
    'paths',
    '--after',
    'Signup',
    '--across-sessions',
    '--depth',
    '1',
  );
  assert.equal(occurrences, 3);
  assert.deepEqual(paths, [
    { steps: ['Signup', 'Purchase'], paths: 2, users: 2 },
    { steps: ['Signup'], paths: 1, users: 1 },
  ]);
  assert.match(
    await cairn('paths', '--before', 'Purchase', '--across-sessions'),
    /3 times Purchase, and what came before/,
  );
});

test('cohort counts and lists users', async () => {
  assert.equal((await json('cohort', '--did', 'Purchase', '--at-least', '2')).users, 1);
  assert.equal((await json('cohort', '--did', 'Purchase', '--at-most', '0', '--did', 'Signup')).users, 1);
  assert.equal(
    (await json('cohort', '--did', 'Purchase', '--where', 'total > 20', '--has', 'user.plan = free')).users,
    1,
  );
  assert.equal((await json('cohort', '--did', 'Refund', '--has', 'user.plan = team', '--any')).users, 2);
  const { list } = await json('cohort', '--has', 'user.plan = free', '--list', '5');
  assert.deepEqual(
    list.map(({ userId }: { userId: number }) => userId),
    [2, 3],
  );
});

test('trend counts, sums, splits and computes', async () => {
  const args = ['--event', 'Purchase', '--event', 'Purchase', '--measure', 'sum of total', '--every', 'week'];
  const { periods, groups } = await json('trend', ...args, '--formula', 'B / A', '--to', '2026-03-16');
  assert.deepEqual(periods, ['2026-03-02', '2026-03-09']);
  assert.deepEqual(groups, [
    {
      series: [
        [2, 1],
        [42, 5],
      ],
      formula: [21, 5],
    },
  ]);
  assert.match(
    await cairn('trend', '--event', '*', '--measure', 'users', '--every', 'week', '--to', '2026-03-16'),
    /any event, users .*[▁▂▃▄▅▆▇█]{2}/,
  );
});

test('sessions counts all, by value and by period', async () => {
  const answer = await json('sessions', '--every', 'week', '--by', 'user.plan');
  assert.equal(answer.sessions, 0, 'sessions come from the sessionizer, which does not run here');
  assert.deepEqual(answer.groups, []);
});

test('accounts lists accounts by their usage', async () => {
  const { accounts, list } = await json('accounts', '--event', 'Purchase', '--to', '2026-03-10');
  assert.equal(accounts, 2);
  assert.deepEqual(
    list.map(({ account, events }: { account: string; events: number }) => [account, events]),
    [
      ['acme', 3],
      ['duff', 0],
    ],
  );
});

test('a question that was saved is asked again, alone and with others, over another range', async () => {
  const file = join(directory, 'signup.yaml');
  const { stderr } = await run([
    'funnel',
    ...STEPS,
    '--where',
    'total > 20',
    '--within',
    '7d',
    '--from',
    '2026-03-01',
    '--save',
    file,
  ]);
  assert.equal(stderr, `Saved: ask it again with cairn ask ${file}\n`);
  assert.equal(
    await readFile(file, 'utf8'),
    'ask: funnel\nfrom: 2026-03-01\nsteps:\n  - Signup\n  - event: Purchase\n    where:\n      - total > 20\nwithin: 7d\n',
  );
  assert.match(
    (await run(['funnel', ...STEPS, '--save', file])).stderr,
    /Cannot save to .*: it is there already/,
  );
  const other = join(directory, 'trend.json');
  await writeFile(
    other,
    JSON.stringify({ ask: 'trend', title: 'Orders', series: ['Purchase'], every: 'month', to: '2026-04-01' }),
  );
  const lines = (await cairn('ask', file, other, '--json'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ title, ask }) => [title, ask]),
    [
      [file, 'funnel'],
      ['Orders', 'trend'],
    ],
  );
  assert.deepEqual(lines[0].steps, [
    { name: 'Signup', count: 3 },
    { name: 'Purchase (total > 20)', count: 1 },
  ]);
  const later = await json('ask', file, '--from', '2026-03-02T12:30', '--to', '2026-03-05');
  assert.deepEqual(
    later.steps.map(({ count }: { count: number }) => count),
    [2, 1],
  );
  assert.match(await cairn('ask', other), /^Orders\n\n/);
  const { stdout } = await run(['ask', '-', '--json'], {
    stdin: 'ask: retention\nstart: Signup\nperiods: 1',
  });
  assert.equal(JSON.parse(stdout).cohorts[0].users, 3);
});

test('@name is what a file of definitions says', async () => {
  const definitions = join(directory, 'definitions');
  await mkdir(definitions);
  await writeFile(
    join(definitions, 'orders.yaml'),
    'definitions: 1\nevents:\n  - name: Order Placed\n    kind: label\n    event: Purchase\n',
  );
  const args = ['funnel', '--step', 'Signup', '--definitions', definitions, '--step'];
  const { steps } = await json(...args, '@Order Placed');
  assert.deepEqual(steps[1], { name: 'Order Placed', count: 2 });
  const { code, stderr } = await run([...args, '@Order Plced']);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^Cannot read --step 2: unknown definition "Order Plced"; did you mean Order Placed\?/,
  );
});

const refused: readonly [args: readonly string[], code: number, said: RegExp][] = [
  [['funnel', '--step', 'Signpu'], 1, /^Unknown event "Signpu" in main_production; did you mean Signup\?\n$/],
  [
    ['funnel', ...STEPS, '--by', 'totl'],
    1,
    /^Unknown property of events "totl" in main_production; did you mean total\?\n$/,
  ],
  [['funnel', ...STEPS, '--by', 'company'], 1, /did you mean user\.company\?/],
  [
    ['cohort', '--has', 'user.paln = pro'],
    1,
    /^Unknown property "user\.paln" in main_production; did you mean user\.plan\?\n$/,
  ],
  [
    ['funnel', '--step', 'Signup', '--where', 'plan matches (?=x)'],
    1,
    /^Cannot read the expression "\(\?=x\)".*RE2 can look neither ahead nor behind/,
  ],
  [['trend', '--event', 'Signup', '--formula', 'A +'], 2, /formula/],
  [
    ['trend', '--event', 'Signup', '--every', 'hour', '--from', '2000-01-01'],
    1,
    /^Cannot show so many periods: want at most 10000, current number of hours is \d+\n$/,
  ],
  [
    ['funnel', ...Array.from({ length: 50 }, () => ['--step', 'A']).flat()],
    2,
    /^Cannot read --step: want at most 32, current number is 50\n/,
  ],
  [
    ['funnel', ...STEPS, '--from', '2026-03-02', '--to', '2026-03-02'],
    2,
    /^Cannot read --from: the range is empty/,
  ],
  [
    ['funnel', '--where', 'a = b', '--step', 'A'],
    2,
    /^--where says more of the event before it: give it after --step\n/,
  ],
  [
    ['funnel', '--step', 'A', '--step', 'B', '--where', 'plan'],
    2,
    /^Cannot read --where of --step 2: want a condition such as/,
  ],
  [['funnel', ...STEPS, '--json', '--csv'], 2, /^Choose one: --csv or --json\n/],
  [['funnel', ...STEPS, '--csv', '--list-lost', '1'], 2, /^Choose one: --csv or --list-lost/],
  [['funnel', ...STEPS, '--max-seconds', '0'], 2, /^Cannot read --max-seconds: want a whole number from 1/],
  [['paths'], 2, /^Say where paths begin or end/],
  [['cohort'], 2, /^A rule is missing/],
  [['trend'], 2, /^A series is missing/],
  [
    ['sessions', '--by', 'plan'],
    2,
    /^Cannot read --by: want a property of the session, user or account, such as session\.plan/,
  ],
  [['ask'], 2, /^A file is missing/],
  [['ask', 'nosuch.yaml'], 2, /^Cannot read nosuch\.yaml: ENOENT/],
  [['ask', 'a', 'b', '--csv'], 2, /^Give one file with --csv/],
];

for (const [args, code, said] of refused) {
  test(`cairn ${args.slice(0, 7).join(' ')} says what is wrong`, async () => {
    const answer = await run(args);
    assert.deepEqual({ code: answer.code, stdout: answer.stdout }, { code, stdout: '' });
    assert.match(answer.stderr, said);
  });
}

test('ask says of a file everything that is wrong with it', async () => {
  const file = join(directory, 'wrong.yaml');
  await writeFile(file, 'ask: funnel\nsteps:\n  - Signup\n  - { event: A, where: [plan] }\nwithn: 7d\n');
  const { code, stderr } = await run(['ask', file]);
  assert.equal(code, 2);
  assert.ok(
    stderr.startsWith(
      `${file}: withn: unknown key; did you mean within?\n${file}: steps[1].where[0]: want a condition`,
    ),
    stderr,
  );
  await writeFile(file, 'ask: [\n');
  assert.match((await run(['ask', file])).stderr, /^Cannot read .*wrong\.yaml: .*line 2/s);
  await writeFile(file, 'ask: funnel\nsteps: &steps [*steps]\n');
  assert.match((await run(['ask', file])).stderr, /^Cannot read .*wrong\.yaml: a part of it holds itself\n/);
});

test('a window that is longer than the range is noted', async () => {
  const { code, stderr } = await run([
    'funnel',
    ...STEPS,
    '--within',
    '90d',
    '--from',
    '2026-03-02',
    '--to',
    '2026-03-09',
  ]);
  assert.equal(code, 0);
  assert.equal(stderr, 'Note on --within: longer than the range: every event of the range is within it\n');
});

test('a limit that is met is said, with what to do', async () => {
  const { code, stderr } = await run(['funnel', ...STEPS], { variables: { CAIRN_QUERY_MAX_ROWS: '1' } });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^The question reads more than 1 rows: ask about a shorter range .* CAIRN_QUERY_MAX_ROWS\n$/,
  );
});

test('a question is stopped with its command', async () => {
  const { code, stdout } = await run(['funnel', ...STEPS], { signal: AbortSignal.abort() });
  assert.deepEqual({ code, stdout }, { code: 130, stdout: '' });
});
