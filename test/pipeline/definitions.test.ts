/** Definitions from file to figure, on a whole stack: clicks go in by HTTP, `cairn definitions` and SQL tell of them. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../support/until.ts';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

let stack: WholeStack;
let directory: string;
let sent = 0;

const write = (file: string, text: string) => writeFile(join(directory, file), text);

const definitions = (action: string, ...args: string[]) =>
  stack.cairn('definitions', action, ...args, ...(action === 'check' ? [] : ['--dir', directory]));

/** The answer of an action that works, as JSON. */
async function answer<T>(action: string, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await definitions(action, ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

type Plan = {
  applied: boolean;
  unchanged: number;
  changes: { does: string; name: string; differences: string[]; warnings: string[] }[];
};

const planned = (plan: Plan) =>
  plan.changes.map(({ does, name, differences }) => [does, name, ...differences]);

/** Sends clicks of users on elements with their chains, and waits until they can be read. */
async function clicks(
  list: readonly (readonly [user: string, hierarchy: string, path?: string])[],
): Promise<void> {
  for (const [user, hierarchy, path = '/cart'] of list) {
    const target = { tag: 'button', hierarchy, text: 'Buy' };
    const page = { domain: 'shop.example', path };
    const { body } = await stack.post('/v1/capture', {
      ...{ app_id: '11', user_id: user, session_id: user },
      events: [{ type: 'click', id: `c${sent}`, target, page }],
    });
    assert.deepEqual(body, {});
    sent += 1;
  }
  await loaded();
}

async function purchase(user: string): Promise<void> {
  await stack.post('/api/track', {
    app_id: '11',
    user_id: user,
    event: 'Purchase',
    idempotency_key: `p${sent}`,
  });
  sent += 1;
  await loaded();
}

const loaded = () =>
  until('the events to be loaded', async () => {
    const [row] = await stack.rows<{ n: number }>('SELECT count() AS n FROM main_production.all_events');
    return row?.n === sent;
  });

const count = async (view: string) => {
  const [row] = await stack.rows<{ events: number; users: number }>(
    `SELECT count() AS events, uniqExact(user_id) AS users FROM main_production_definitions.${view}`,
  );
  return [row?.events, row?.users];
};

const BUY = '@button;.buy;.primary;|@form;#cart;|@body;|';

const FILE = `definitions: 1
convention: { names: Object Action, categories: [Checkout], required: [category, owner, description] }
category: Checkout
owner: shop@shop.example
events:
  - name: Checkout Clicked
    on: click
    selector: form#cart > button.buy
    page: shop.example/cart*
    description: Somebody starts to pay
  - name: Purchase Made
    kind: label
    event: Purchase
    description: Somebody has paid
  - name: Anything Bought
    any of: [Checkout Clicked, Purchase Made]
    description: One or the other
`;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cairn-definitions-'));
  stack = await startWholeStack([{ number: 1, appId: '11', name: 'main_production' }]);
  await clicks([
    ['1', BUY],
    ['2', BUY],
    ['2', '@button;.buy;|@div;|@form;#cart;|'],
    ['3', BUY, '/elsewhere'],
  ]);
  await purchase('1');
  await write('checkout.yaml', FILE);
});

after(async () => {
  await stack?.stop();
  await rm(directory, { recursive: true, force: true });
});

test('check is silent about what is right, and names file, line and column of what is wrong', async () => {
  const good = await definitions('check', directory);
  assert.deepEqual(good, { code: 0, stdout: '3 definitions, 0 errors, 0 warnings\n', stderr: '' });
  const more = join(directory, 'more.yaml');
  await write('more.yaml', 'definitions: 1\nevents:\n  - { name: more, on: click, selector: "a:hover" }\n');
  const wrong = await definitions('check', directory);
  assert.equal(wrong.code, 1);
  assert.ok(
    wrong.stdout
      .split('\n')
      .includes(
        `${more}:3:40: events[0].selector: cannot use the selector "a:hover": at 2, pseudo-classes and pseudo-elements (:hover, :nth-child(), ::before) are not captured; want tags, #ids, .classes and [attributes]`,
      ),
    wrong.stdout,
  );
  await write(
    'more.yaml',
    'definitions: 1\nevents:\n  - { name: Page seen, on: pageview, category: Chekout }\n',
  );
  assert.deepEqual((await definitions('check', directory)).stdout.split('\n'), [
    `${more}:3:5: the name "Page seen" is not as the convention asks: Object Action`,
    `${more}:3:5: "Page seen" has the unknown category "Chekout"; did you mean Checkout?`,
    `${more}:3:5: "Page seen" has no owner, which the convention asks for`,
    `${more}:3:5: "Page seen" has no description, which the convention asks for`,
    '4 definitions, 4 errors, 0 warnings',
    '',
  ]);
  const applied = await definitions('apply');
  assert.deepEqual([applied.code, applied.stderr.split('\n').length], [1, 5]);
  await rm(more);
  const nowhere = await definitions('check', join(directory, 'nowhere'));
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /Cannot read the definitions of .*nowhere: there is no such directory/);
});

test('apply makes views that count what happened before, and go on counting', async () => {
  const dry = await answer<Plan>('apply', '--dry-run');
  const added = [
    ['add', 'Anything Bought'],
    ['add', 'Checkout Clicked'],
    ['add', 'Purchase Made'],
  ];
  assert.deepEqual([dry.applied, planned(dry)], [false, added]);
  assert.deepEqual(await stack.rows("SELECT name FROM system.databases WHERE name LIKE '%definitions'"), []);
  const first = await answer<Plan>('apply');
  assert.deepEqual([first.applied, planned(first)], [true, added]);
  assert.deepEqual(await count('checkout_clicked'), [2, 2]);
  assert.deepEqual(await count('purchase_made'), [1, 1]);
  assert.deepEqual(await count('anything_bought'), [3, 2]);
  assert.deepEqual(
    await stack.rows(`SELECT count() AS n FROM main_production.click
WHERE path LIKE '/cart%' AND hierarchy LIKE '@button;%.buy;%|@form;#cart;%' AND hierarchy NOT LIKE '%@div%'`),
    [{ n: 2 }],
  );
  await clicks([['4', BUY]]);
  assert.deepEqual(await count('checkout_clicked'), [3, 3]);
  // Users 2 and 4 turn out to be one.
  for (const user of ['2', '4']) {
    await stack.post('/api/v1/identify', { app_id: '11', user_id: user, identity: 'ann@shop.example' });
  }
  await until('the users to be one', async () => (await count('checkout_clicked'))[1] === 2);
  const again = await answer<Plan>('apply');
  assert.deepEqual([planned(again), again.unchanged], [[], 3]);
  const user = await stack.cairn('user', 'ann@shop.example', '--json');
  assert.equal(user.code, 0, user.stderr);
});

test('a question names definitions, and counts what their views hold', async () => {
  const question = ['--definitions', directory, '--json'];
  const steps = ['--step', '@Checkout Clicked', '--step', '@Purchase Made'];
  const funnel = await stack.cairn('funnel', ...steps, ...question);
  assert.equal(funnel.code, 0, funnel.stderr);
  const counted = (JSON.parse(funnel.stdout) as { steps: { label: string; count: number }[] }).steps;
  const [users] = await stack.rows<{ clicked: number; bought: number }>(
    `SELECT uniqExact(user_id) AS clicked, uniqExactIf(user_id, user_id IN (SELECT user_id FROM main_production.purchase)) AS bought
FROM main_production_definitions.checkout_clicked`,
  );
  assert.deepEqual(
    counted.map(({ count }) => count),
    [users?.clicked, users?.bought],
  );
  assert.deepEqual(users, { clicked: 2, bought: 1 });
  const file = join(directory, 'trend.json');
  await writeFile(
    file,
    JSON.stringify({ ask: 'trend', series: [{ definition: 'Anything Bought' }], every: 'month' }),
  );
  const trend = await stack.cairn('ask', file, ...question);
  assert.equal(trend.code, 0, trend.stderr);
  const [bought] = await stack.rows<{ n: number }>(
    'SELECT count() AS n FROM main_production_definitions.anything_bought',
  );
  assert.ok(trend.stdout.includes(`${bought?.n}`), trend.stdout);
  await rm(file);
  const unknown = await stack.cairn('funnel', '--step', '@Checkout Clickd', ...question);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /unknown definition "Checkout Clickd"; did you mean Checkout Clicked\?/);
});

test('show tells what a definition stands for and how often it happened; another name is suggested', async () => {
  const shown = await answer<{ lastWeek: object; samples: object[]; history: object[]; sql: string }>(
    'show',
    'Checkout Clicked',
  );
  assert.deepEqual([shown.samples.length, shown.history.length], [3, 1]);
  assert.deepEqual({ ...shown.lastWeek, lastMs: 0 }, { events: 3, users: 2, lastMs: 0 });
  const { stdout } = await definitions('show', '@Checkout Clicked');
  assert.match(stdout, /^Checkout Clicked\n {2}kind {9}event\n/);
  assert.match(stdout, /last 7 days: 3 events of 2 users/);
  const [row] = await stack.rows<{ n: number }>(`SELECT count() AS n FROM (${shown.sql})`);
  assert.equal(row?.n, 3);
  const unknown = await definitions('show', 'Checkout Clickd');
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [1, 'Unknown definition "Checkout Clickd"; did you mean Checkout Clicked?\n'],
  );
});

test('what changes is applied and noted down: a name means in March what it meant in March', async () => {
  const before = await stack.rows<{ at: string }>('SELECT now64(6) AS at');
  const narrower = FILE.replace('form#cart > button.buy', 'form#cart button.primary').replace(
    'starts to pay',
    'pays',
  );
  await write(
    'checkout.yaml',
    narrower
      .replace(/ {2}- name: Purchase Made[\s\S]*?paid\n/, '')
      .replace('Purchase Made]', '{ event: Purchase }]'),
  );
  const diff = await answer<Plan>('diff');
  assert.deepEqual(planned(diff), [
    ['change', 'Anything Bought', 'events'],
    ['change', 'Checkout Clicked', 'events', 'description'],
    ['remove', 'Purchase Made'],
  ]);
  assert.deepEqual(diff.changes[1]?.warnings, [
    '"Checkout Clicked" stands for other events than before, and is version 1 still',
  ]);
  assert.deepEqual(await count('purchase_made'), [1, 1]);
  const { stdout } = await definitions('apply');
  assert.match(
    stdout,
    /\n- Purchase Made {2}\(view purchase_made\)\n0 added, 2 changed, 1 removed, 0 unchanged\n$/,
  );
  const views = await stack.rows<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'main_production_definitions' ORDER BY name",
  );
  assert.deepEqual(
    views.map(({ name }) => name),
    ['anything_bought', 'checkout_clicked'],
  );
  const at = before[0]?.at.slice(0, 23) ?? '';
  const then = await answer<{ yaml: string }>('show', 'Purchase Made', '--at', at);
  assert.match(then.yaml, /event: Purchase/);
  const once = await answer<{ yaml: string }>('show', 'Checkout Clicked', '--at', at);
  assert.match(once.yaml, /form#cart > button\.buy/);
});

test('what somebody else made in the database of definitions is left alone', async () => {
  const make = await stack.cairn('sql', 'CREATE VIEW main_production_definitions.mine AS SELECT 1 AS one');
  assert.equal(make.code, 0, make.stderr);
  assert.deepEqual(planned(await answer<Plan>('apply')), []);
  await write(
    'mine.yaml',
    'definitions: 1\nevents:\n  - { name: Mine, event: mine, category: Checkout, owner: me, description: x }\n',
  );
  const wrong = await definitions('check', directory);
  assert.match(wrong.stdout, /mine\.yaml:3:5: the name "Mine" is not as the convention asks: Object Action/);
  await write('checkout.yaml', FILE.replace('names: Object Action, ', ''));
  const refused = await definitions('apply');
  assert.deepEqual(
    [refused.code, refused.stderr],
    [
      1,
      'Cannot make the view of "Mine": there is a table main_production_definitions.mine that was not made here\n',
    ],
  );
  await rm(join(directory, 'mine.yaml'));
});

test('check looks at the data: what was never sent, what matches nothing, what hides an event', async () => {
  await write(
    'odd.yaml',
    `definitions: 1
events:
  - { name: Purchase, on: click, category: Checkout, owner: me, description: x }
  - { name: Gone, event: Purchas, category: Checkout, owner: me, description: x }
  - { name: Silent, on: click, text: Sell, category: Checkout, owner: me, description: x }
  - { name: Wrong, on: click, where: field.path matches (, category: Checkout, owner: me, description: x }
`,
  );
  const { code, stdout } = await definitions('check', directory);
  assert.deepEqual([code, stdout.split('\n').at(-2)], [1, '7 definitions, 1 errors, 0 warnings']);
  const odd = join(directory, 'odd.yaml');
  const wrong = await stack.cairn('definitions', 'check', directory, '--against-data');
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stderr,
    /odd\.yaml:6:5: "Wrong" has a regular expression that cannot be used: ClickHouse: .*missing \)/,
  );
  await write('odd.yaml', (await readFile(odd, 'utf8')).replace(/.*Wrong.*\n/, ''));
  const looked = await stack.cairn('definitions', 'check', directory, '--against-data');
  assert.equal(looked.code, 1);
  assert.deepEqual(looked.stdout.split('\n').slice(-5), [
    `${odd}:3:5: "Purchase" hides the event of that name, which is sent, and means something else`,
    `${odd}:4:5: warning: "Gone" reads the event "Purchas", which was never sent; did you mean Purchase?`,
    `${odd}:5:5: warning: "Silent" matched nothing in the last 30 days`,
    '6 definitions, 2 errors, 2 warnings',
    '',
  ]);
  await rm(odd);
  assert.equal((await stack.cairn('definitions', 'check', directory, '--against-data', '--strict')).code, 0);
});
