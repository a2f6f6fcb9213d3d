/**
 * Who somebody is, and which events share a session, from HTTP to SQL, over the API of servers and over that of browsers and apps. All cases send
 * first, then one wait, then each is asked.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IDENTITY_TABLE } from '../cases/identity-table.ts';
import { REFUSAL_TABLE } from '../cases/refusal-table.ts';
import { SANITISING_SPECS } from '../cases/sanitising-specs.ts';
import { SESSION_TABLE } from '../cases/session-table.ts';
import { SWIFT_SPECS } from '../cases/swift-specs.ts';
import { IdentityCase } from '../support/identity-case.ts';
import { startWholeStack, type WholeStack } from '../support/whole-stack.ts';

const cases = [
  ...IDENTITY_TABLE,
  ...REFUSAL_TABLE,
  ...SESSION_TABLE,
  ...SWIFT_SPECS,
  ...SANITISING_SPECS,
].flatMap(({ ways, ...row }) => ways.map((way) => ({ ...row, way })));
let stack: WholeStack;
let opened: IdentityCase[];
/** A case that could not be sent fails by itself. */
let sent: PromiseSettledResult<void>[];
let verdict: { ok: boolean };

before(async () => {
  stack = await startWholeStack([
    { number: 1, appId: '11', name: 'main_production' },
    { number: 2, appId: '12', name: 'staging', options: { identifyLimit: { userIds: 2, days: 30 } } },
  ]);
  opened = cases.map(({ way }, index) => new IdentityCase(stack, index + 1, way));
  sent = await Promise.allSettled(cases.map(({ send }, index) => send(opened[index] as IdentityCase)));
  // Waits until everything that was sent is loaded.
  verdict = JSON.parse((await stack.cairn('verify', '--json')).stdout);
});

after(() => stack?.stop());

for (const [index, { name, way, check }] of cases.entries()) {
  test(`${way}: ${name}`, async () => {
    const sending = sent[index];
    if (sending?.status === 'rejected') throw sending.reason;
    await check(opened[index] as IdentityCase);
  });
}

test('user_migrations is flat: nobody whom others were merged into was merged into somebody', async () => {
  const [answer] = await stack.rows<{ migrations: number; chained: number; unresolved: number }>(
    `SELECT count() AS migrations,
  countIf(to_user_id IN (SELECT from_user_id FROM main_production.user_migrations)) AS chained,
  (SELECT count() FROM main_production.all_events
   WHERE user_id IN (SELECT from_user_id FROM main_production.user_migrations)) AS unresolved
FROM main_production.user_migrations`,
  );
  assert.ok((answer?.migrations ?? 0) > 50);
  assert.deepEqual({ ...answer, migrations: 0 }, { migrations: 0, chained: 0, unresolved: 0 });
});

test('the accounts of all cases close, and the log folded again says the same of every row', async () => {
  assert.equal(verdict.ok, true, JSON.stringify(verdict));
  const { stdout } = await stack.cairn('verify', '--from-log', '--json');
  assert.equal(JSON.parse(stdout).ok, true, stdout);
});
