import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { INDUSTRIES, industryPlanText } from './industries.ts';
import { readPlan } from './read-plan.ts';
import { type Language, typesCode } from './types-code.ts';

const TSC = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));
const TYPES = fileURLToPath(new URL('../node_modules/@types', import.meta.url));

const PLAN = `plan: 1
name: Shop */ of comments
events:
  Completed Order:
    from: server
    description: money */ came
    properties:
      revenue: { type: number, required: yes }
      Payment Method: { one of: [card, "in\\"voice"] }
      at: time
  Theme: { from: client, properties: { dark: boolean } }
  Opened: {}
  "*/ Ended": { properties: { "*/": { one of: ["*/", b] } } }
event properties:
  plan: string
  "*/ x": string
user properties: { seats: number, "*/": string }
`;

const USE = `import { type Heap, typedHeap, typedServer } from './events.ts';
declare const heap: Heap;
const browser = typedHeap(heap);
const server = typedServer('http://localhost:8080', '11');
browser.track('Theme');
browser.track('Theme', { dark: true, plan: 'pro' });
browser.track('Opened');
browser.addUserProperties({ seats: 5 });
server.track({ identity: 'ann' }, 'Completed Order', { revenue: 5, 'Payment Method': 'in"voice', at: '2026-01-01' }, { idempotency_key: 'a' });
server.track({ user_id: 5 }, 'Opened');
`;

/** Each has to be refused. */
const WRONG = `// @ts-expect-error: a wrong type
server.track({ identity: 'ann' }, 'Completed Order', { revenue: '5' });
// @ts-expect-error: a required property is missing
server.track({ identity: 'ann' }, 'Completed Order', {});
// @ts-expect-error: nothing at all
server.track({ identity: 'ann' }, 'Completed Order');
// @ts-expect-error: not one of the values
server.track({ identity: 'ann' }, 'Completed Order', { revenue: 5, 'Payment Method': 'cash' });
// @ts-expect-error: no such property
server.track({ identity: 'ann' }, 'Completed Order', { revenue: 5, revenu: 5 });
// @ts-expect-error: no such event
server.track({ identity: 'ann' }, 'Ordered', {});
// @ts-expect-error: an event of servers
browser.track('Completed Order', { revenue: 5 });
// @ts-expect-error: an event of browsers
server.track({ identity: 'ann' }, 'Theme', {});
// @ts-expect-error: the plan has no property for this event but those of all
browser.track('Opened', { dark: true });
// @ts-expect-error: a wrong type of a user property
browser.addUserProperties({ seats: 'five' });
// @ts-expect-error: the plan has no account properties
server.addAccountProperties('acme', { tier: 'gold' });
`;

let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-types-'));
});
after(() => rmSync(folder, { recursive: true }));

function codeOf(text: string, language: Language): string {
  const read = readPlan(text, 'plan.yaml');
  assert.ok('plan' in read, JSON.stringify(read));
  return typesCode(read.plan, language);
}

/** What the compiler says of some files, strict as it can be; empty = nothing. */
async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const options = [
    '--noEmit',
    '--strict',
    '--target',
    'esnext',
    '--module',
    'nodenext',
    '--ignoreConfig',
    '--checkJs',
  ];
  const checks = [
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--noUnusedLocals',
    '--verbatimModuleSyntax',
  ];
  const other = [
    '--allowImportingTsExtensions',
    '--lib',
    'esnext,dom',
    '--typeRoots',
    TYPES,
    '--types',
    'node',
  ];
  try {
    await promisify(execFile)(TSC, [...options, ...checks, ...other, ...Object.keys(files)], { cwd: folder });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('typed code compiles under every strict check, and what is not as planned does not', async () => {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const industries = INDUSTRIES.flatMap((industry) => [
    [`${industry}.ts`, codeOf(industryPlanText(industry), 'ts')],
    [`${industry}.js`, codeOf(industryPlanText(industry), 'js')],
  ]);
  const inJavaScript = `import { typedHeap, typedServer } from './shop.js';
const server = typedServer('http://localhost:8080', '11');
server.track({ identity: 'ann' }, 'Completed Order', { revenue: 5 });
server.track({ identity: 'ann' }, '*/ Ended', { '*/': '*/', '*/ x': 'y' });
// @ts-expect-error: a wrong type
server.track({ identity: 'ann' }, 'Completed Order', { revenue: '5' });
// @ts-expect-error: an event of servers
typedHeap({ track() {}, addUserProperties() {} }).track('Completed Order', { revenue: 5 });
`;
  assert.equal(
    await compile({
      ...Object.fromEntries(industries),
      'events.ts': codeOf(PLAN, 'ts'),
      'use.ts': USE + WRONG,
      'shop.js': codeOf(PLAN, 'js'),
      'use-shop.js': inJavaScript,
    }),
    '',
  );
  const wrong = await compile({
    'events.ts': codeOf(PLAN, 'ts'),
    'use.ts': USE + WRONG.replaceAll('// @ts-expect-error', '//'),
  });
  assert.equal(wrong.match(/error TS/g)?.length, WRONG.match(/@ts-expect-error/g)?.length, wrong);
});

test('typed clients send what they are given, and a server hears of what is refused', async () => {
  const requests: [string | undefined, unknown][] = [];
  const server = createServer(async (request, response) => {
    requests.push([request.url, await json(request)]);
    response.writeHead(requests.length < 4 ? 200 : 400).end('{"error":"plan_violation"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'sent.js'), codeOf(PLAN, 'js'));
  const code = await import(pathToFileURL(join(folder, 'sent.js')).href);
  const client = code.typedServer(url, '11');
  await client.track({ identity: 'ann' }, 'Completed Order', { revenue: 5 }, { idempotency_key: 'a' });
  await client.addUserProperties('ann', { seats: 5 });
  await client.addAccountProperties('acme', {});
  await assert.rejects(
    client.track({ identity: 'ann' }, 'Opened', {}),
    /Cannot send to \/api\/track: 400 .*plan_violation/,
  );
  server.close();
  assert.deepEqual(requests.slice(0, 3), [
    [
      '/api/track',
      {
        app_id: '11',
        identity: 'ann',
        event: 'Completed Order',
        properties: { revenue: 5 },
        idempotency_key: 'a',
      },
    ],
    ['/api/add_user_properties', { app_id: '11', identity: 'ann', properties: { seats: 5 } }],
    ['/api/add_account_properties', { app_id: '11', account_id: 'acme', properties: {} }],
  ]);
  const tracked: unknown[] = [];
  code.typedHeap({ track: (...args: unknown[]) => tracked.push(args) }).track('Theme', { dark: true });
  assert.deepEqual(tracked, [['Theme', { dark: true }]]);
});
