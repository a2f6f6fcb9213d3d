/** A tracking plan from HTTP to the answers: one environment warns, the other rejects. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

const PLAN = `plan: 1
name: Shop
events:
  Order:
    properties:
      total: { type: number, required: yes, at least: 0 }
      method: { one of: [card, invoice] }
  Signed Up: {}
user properties:
  seats: number
`;

let folder: string;
let stack: WholeStack;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-plan-'));
  const file = join(folder, 'plan.yaml');
  await writeFile(file, PLAN);
  const options = (plan: object) => ({ options: { plan: { file, ...plan } } });
  stack = await startWholeStack([
    { number: 1, appId: '11', name: 'main_production', ...options({ unplanned: 'warn' }) },
    { number: 2, appId: '12', name: 'strict', ...options({ mode: 'reject', unplanned: 'reject' }) },
  ]);
});
after(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const events = [
  { event: 'Order', properties: { total: 5, method: 'card' } },
  { event: 'Order', properties: { total: 'much', method: 'cash' } },
  { event: 'Order', properties: { method: 'card' } },
  { event: 'Sign Up' },
].map((event, index) => ({ user_id: 1 + index, ...event }));

/** What a test wants of the command's JSON. */
async function answer<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await stack.cairn(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

type Covered = {
  totals: Record<string, number>;
  events: {
    name: string;
    status: string;
    events: number;
    near: string[];
    properties: { name: string; wrongType: number; wrongValue: number; count: number; examples: string[] }[];
  }[];
  unplanned: { name: string; events: number }[];
};

const briefly = ({ events, unplanned }: Covered) => ({
  events: events.map(({ name, status, events }) => [name, status, events]),
  properties: events[0]?.properties.map(({ name, count, wrongType, wrongValue, examples }) => [
    name,
    count,
    wrongType,
    wrongValue,
    examples,
  ]),
  unplanned: unplanned.map(({ name, events }) => [name, events]),
});

test('a plan that warns takes everything and counts it; one that rejects says so, and keeps dead letters; coverage shows what arrived', async () => {
  assert.deepEqual(await stack.post('/api/track', { app_id: '11', events }), { status: 200, body: {} });
  const refused = await stack.post('/api/track', { app_id: '12', events });
  const rejected = [
    [
      'plan_violation',
      'property "total" has to be a number of at least 0, current value is the string "much"',
      1,
    ],
    ['plan_violation', 'the tracking plan requires property "total", a number of at least 0', 2],
    ['unplanned_event', 'the tracking plan has no such event', 3],
  ].map(([code, what, index]) => ({
    index,
    code,
    message: `Cannot accept event "${index === 3 ? 'Sign Up' : 'Order'}": ${what}`,
  }));
  assert.deepEqual(refused, { status: 200, body: { rejected } });
  const user = await stack.post('/api/add_user_properties', {
    app_id: '12',
    identity: 'ann',
    properties: { seats: 'x' },
  });
  assert.equal(user.status, 400);

  const metrics = await stack.get('/metrics');
  const counted = [...metrics.matchAll(/^cairn_collector_plan_violations_total\{(.*)\} (\d+)$/gm)].map(
    ([, labels, count]) => `${labels?.replaceAll(/\w+=|"/g, '')} ${count}`,
  );
  assert.deepEqual(counted.toSorted(), [
    'main_production,missing_property,warned 1',
    'main_production,unplanned_event,warned 1',
    'main_production,wrong_type,warned 1',
    'strict,missing_property,rejected 1',
    'strict,unplanned_event,rejected 1',
    'strict,wrong_type,rejected 2',
  ]);

  const verdict = await answer<{ ok: boolean }>('verify');
  assert.equal(verdict.ok, true);
  const letters = await answer<{
    total: number;
    letters: { id: string; stage: string; code: string; message: string; kind: string }[];
  }>('dead-letters', 'list');
  assert.deepEqual(
    letters.letters.map(({ stage, code, message, kind }) => [stage, kind, code, message]).toSorted(),
    [
      ...rejected.map(({ code, message }) => ['collector', 'event', code, message]),
      [
        ...['collector', 'user_properties', 'plan_violation'],
        'Cannot accept user properties: property "seats" has to be a number, current value is the string "x"',
      ],
    ].toSorted(),
  );
  const letter = letters.letters.find(({ code }) => code === 'unplanned_event') ?? assert.fail();
  const shown = await answer<{ record: { name: string; environment: number } }>(
    'dead-letters',
    'show',
    letter.id,
  );
  assert.deepEqual([shown.record.name, shown.record.environment], ['Sign Up', 2]);
  const retried = await stack.cairn('dead-letters', 'retry', letter.id);
  assert.deepEqual([retried.code, /never in the log/.test(retried.stdout)], [1, true]);

  assert.deepEqual(briefly(await answer<Covered>('plan', 'coverage', '--env', 'main_production')), {
    events: [
      ['Order', 'malformed', 3],
      ['Signed Up', 'missing', 0],
    ],
    properties: [
      ['total', 2, 1, 0, ['much']],
      ['method', 3, 0, 1, ['cash']],
    ],
    unplanned: [['Sign Up', 1]],
  });
  assert.deepEqual(
    briefly(
      await answer<Covered>('plan', 'coverage', '--env', 'strict', '--plan', join(folder, 'plan.yaml')),
    ),
    {
      events: [
        ['Order', 'arrives', 1],
        ['Signed Up', 'missing', 0],
      ],
      properties: [
        ['total', 1, 0, 0, []],
        ['method', 1, 0, 0, []],
      ],
      unplanned: [],
    },
  );
  const text = await stack.cairn('plan', 'coverage', '--env', 'main_production');
  assert.match(text.stdout, /Order, method: 1 of 3 are not one of "card", "invoice", such as "cash"/);
  assert.match(text.stdout, /Signed Up: never arrives \(is it Sign Up\?\)/);
  const empty = await stack.cairn('plan', 'coverage', '--env', 'strict', '--to', '2020-01-01');
  assert.match(empty.stdout, /2 events planned; 0 arrive as planned/);
});

test('cairn plan says precisely what is wrong with its arguments and files', async () => {
  const file = join(folder, 'made.yaml');
  assert.equal((await stack.cairn('plan', 'init', 'saas', '--output', file)).code, 0);
  const again = await stack.cairn('plan', 'init', 'saas', '--output', file);
  assert.deepEqual(
    [again.code, again.stderr],
    [1, `Cannot write ${file}: it is there already; --force replaces it\n`],
  );
  const other = await stack.cairn('plan', 'init', 'finances');
  assert.deepEqual(
    [other.code, other.stderr.split('\n')[0]],
    [2, 'Unknown industry "finances"; did you mean finance?; there is ecommerce, saas, finance'],
  );
  assert.equal((await stack.cairn('plan', 'check', file)).stdout, '18 events, 0 problems, 0 hints\n');
  await writeFile(file, 'plan: 1\nevents:\n  A: { form: server }\n');
  const wrong = await stack.cairn('plan', 'check', file);
  assert.deepEqual(
    [wrong.code, wrong.stderr],
    [1, `${file}:3: event "A": unknown field "form"; did you mean from?\n`],
  );
  assert.match((await stack.cairn('plan', 'types', join(folder, 'plan.yaml'))).stdout, /"total": number;/);
});
