import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownText } from '#lib/shown-text.ts';
import { printAnswer } from './print-answer.ts';
import { progressText } from './progress-line.ts';
import { figureText } from './shown-text.ts';
import { sparkline } from './sparkline.ts';

const shown = (answer: Parameters<typeof printAnswer>[0]) =>
  printAnswer(answer, {}, { json: false, csv: false });
const csv = (answer: Parameters<typeof printAnswer>[0]) =>
  printAnswer(answer, {}, { json: false, csv: true });

const steps = (...counts: number[]) => counts.map((count, index) => ({ name: 'AB'[index] ?? '', count }));

const FUNNEL = {
  ask: 'funnel',
  environment: 'shop',
  subject: 'user',
  withinMs: null,
  steps: steps(4, 1),
} as const;

test('printAnswer() draws a funnel, under the title of its file', () => {
  const text = printAnswer(FUNNEL, { title: 'T', description: 'D' }, { json: false, csv: false });
  assert.equal(
    text,
    `T
D

step  users  of first  of previous
1 A       4    100.0%       100.0%  ${'█'.repeat(30)}
2 B       1     25.0%        25.0%  ${'█'.repeat(8)}${'·'.repeat(22)}
`,
  );
});

test('printAnswer() draws a funnel by a property, by period, and with times', () => {
  const times = { p25Ms: 0, medianMs: 90_000, p75Ms: 0, p90Ms: 7_200_000 };
  const text = shown({
    ...FUNNEL,
    by: 'user.plan',
    every: 'week',
    groups: [
      {
        value: 'pro',
        steps: [
          { name: 'A', count: 4 },
          { name: 'B', count: 2, fromPrevious: times },
        ],
        whole: times,
        periods: [{ period: '2026-03-02', steps: steps(4, 2) }],
      },
      { value: null, others: true, steps: steps(1, 0) },
    ],
  });
  assert.match(text, /^user\.plan: pro\nstep .*median +90%/);
  assert.match(text, /2 B +2 +50\.0% +50\.0% +1m 30s +2h +█/);
  assert.match(
    text,
    /All steps took 1m 30s \(median\), 2h \(90%\)\n\nweek +began +did all +share\n2026-03-02 +4 +2 +50\.0% +█{30}/,
  );
  assert.match(text, /user\.plan: \(others\)\n/);
  assert.match(text, /\nall\nstep/);
});

test('printAnswer() leaves periods of retention empty that have not begun, and sums up the others', () => {
  const text = shown({
    ask: 'retention',
    environment: 'shop',
    subject: 'user',
    start: null,
    return: null,
    every: 'day',
    counts: 'in',
    columns: ['day 0', 'day 1'],
    cohorts: [
      { cohort: '2026-03-01', users: 3, returned: [3, 1] },
      { cohort: '2026-03-02', users: 1, returned: [1, null] },
    ],
  });
  assert.equal(
    text,
    `cohort      users   day 0  day 1
2026-03-01      3  100.0%  33.3%
2026-03-02      1  100.0%
all             4  100.0%  33.3%
`,
  );
});

const TREND = {
  ask: 'trend',
  environment: 'shop',
  every: 'day',
  formula: 'B / A',
  series: [
    { name: 'A', measure: 'events' },
    { name: 'B', measure: 'sum of total' },
  ],
  periods: ['2026-03-01', '2026-03-02'],
  groups: [
    {
      series: [
        [1, 2000],
        [10.5, null],
      ],
      formula: [10.5, null],
    },
  ],
} as const;

test('printAnswer() draws a trend as sparklines and figures', () => {
  assert.equal(
    shown(TREND),
    `                 least   most  2026-03-01 to 2026-03-02
A                    1  2 000  ▁█
B, sum of total   10.5   10.5  █
B / A             10.5   10.5  █

day             A  B, sum of total  B / A
2026-03-01      1             10.5   10.5
2026-03-02  2 000                -      -
`,
  );
});

test('printAnswer() writes CSV as RFC 4180 says', () => {
  assert.equal(csv(TREND), 'day,A,B: sum of total,B / A\r\n2026-03-01,1,10.5,10.5\r\n2026-03-02,2000,,\r\n');
  assert.equal(
    csv({ ...FUNNEL, by: 'a,"b"', groups: [{ value: 'x\ny', steps: steps(2, 1) }] }),
    '"a,""b""",step,event,users,of first,of previous\r\n"x\ny",1,A,2,1,1\r\n"x\ny",2,B,1,0.5,0.5\r\n',
  );
});

test('printAnswer() lists paths, users and accounts', () => {
  const paths = {
    ask: 'paths',
    environment: 'shop',
    point: 'A',
    direction: 'after',
    depth: 2,
    occurrences: 10,
    paths: [{ steps: ['A', 'B'], paths: 8, users: 5 }],
    others: { paths: 2, users: 2 },
  } as const;
  assert.equal(
    shown(paths),
    `10 times A, and what came after
times  share  users                path
    8  80.0%      5  ████████████  A → B
    2  20.0%      2                (others)
`,
  );
  assert.equal(csv(paths), 'paths,users,step 0,step 1,step 2\r\n8,5,A,B,\r\n2,2,(others),,\r\n');
  const list = [{ userId: 7, identity: null, lastSeen: '2026-03-01T10:11:12.000Z' }];
  assert.equal(
    shown({ ask: 'cohort', environment: 'shop', users: 2, list }),
    '2 users\n\nuser id  identity  last seen\n      7  -         2026-03-01T10:11Z\n',
  );
  assert.equal(shown({ ask: 'cohort', environment: 'shop', users: 1, list: [] }), '1 user\n');
  const figures = { events: 5, users: 2, activeUsers: 1, usersNow: 1, usersBefore: 1 };
  assert.equal(
    shown({
      ask: 'accounts',
      environment: 'shop',
      event: null,
      every: 'week',
      accounts: 3,
      list: [
        {
          account: 'a',
          ...figures,
          eventsNow: 3,
          eventsBefore: 2,
          lastSeen: null,
          properties: { plan: 'pro' },
        },
        {
          account: 'b',
          ...figures,
          eventsNow: 1,
          eventsBefore: 0,
          lastSeen: '2026-03-01T10:11:12.000Z',
          properties: { plan: null },
        },
      ],
    }),
    `account  events  users  active  this week  before  change  last seen   plan
a             5      2       1          3       2    +50%  -           pro
b             5      2       1          1       0     new  2026-03-01  -
1 more accounts
`,
  );
});

test('printAnswer() shows the latest periods of many', () => {
  const periods = Array.from({ length: 70 }, (_, index) => `2026-03-01T${index}`);
  const text = shown({
    ...TREND,
    periods,
    groups: [{ series: [periods.map((_, index) => index), []], formula: [] }],
  });
  assert.ok(!text.includes('\n2026-03-01T7 '));
  assert.match(text, /\n2026-03-01T8 .*\n2026-03-01T69 .*\n8 earlier periods are in --csv and --json\n$/s);
});

test('sparkline() draws figures between 0 and the largest, and a gap where there is none', () => {
  assert.equal(sparkline([0, 1, null, 7], 7), '▁▂ █');
  assert.equal(sparkline([0, 0], 0), '▁▁');
  assert.equal(sparkline([...Array(143).fill(0), 7], 7), `${'▁'.repeat(71)}█`);
});

test('progressText() says how far a question is, where the end is known', () => {
  assert.equal(
    progressText({ readRows: 1_500_000, totalRows: 3_000_000, elapsedMs: 3900 }),
    '1 500 000 of 3 000 000 rows, 3s, 50%',
  );
  assert.equal(progressText({ readRows: 10, totalRows: 0, elapsedMs: 1000 }), '10 rows, 1s');
});

test('shownText() keeps a text on one line of a terminal', () => {
  assert.equal(shownText('a\u001b[2J\nb'), 'a\ufffd[2J\ufffdb');
  assert.equal(shownText('x'.repeat(100)).length, 60);
});

test('figureText() shows two digits behind the point', () => {
  assert.deepEqual([12_345.678, 0.5, -0.012345, 1e21, null, 7].map(figureText), [
    '12 345.68',
    '0.5',
    '-0.0123',
    '1e+21',
    '-',
    '7',
  ]);
});
