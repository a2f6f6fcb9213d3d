import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePlan } from '#plans/core/compile-plan.ts';
import { readPlan } from '#plans/read-plan.ts';
import { type Accepted, accept, type RoutePath } from './accept.ts';
import type { PlanPolicy } from './plan-check.ts';
import { RECEIVED_AT, someCircumstances } from './testing.ts';

const PLAN = `plan: 1
events:
  Order: { from: server, properties: { total: { type: number, required: yes } } }
  Theme: { from: client, properties: { dark: boolean, nested.depth: number } }
user properties: { seats: number }
account properties: { tier: { one of: [gold, iron] } }
`;

function policyOf(changes: Partial<PlanPolicy> = {}): PlanPolicy {
  const read = readPlan(PLAN, 'plan.yaml');
  assert.ok('plan' in read);
  return {
    ...{ plan: compilePlan(read.plan), mode: 'reject', unplanned: 'allow', environment: 'main_production' },
    ...changes,
  };
}

function decide(path: RoutePath, body: object, policy: PlanPolicy | undefined): Accepted {
  const plans = new Map(policy === undefined ? [] : [[1, policy]]);
  const outcome = accept(path, { app_id: '11', ...body }, someCircumstances({ plans }));
  assert.ok('accepted' in outcome, JSON.stringify(outcome));
  return outcome;
}

const ORDERS = {
  events: [
    { user_id: 1, event: 'Order', properties: { total: 5 } },
    { user_id: 1, event: 'Order', properties: { total: '5' } },
    { user_id: 1, event: 'Order' },
    { user_id: 1, event: 'Ordr', properties: {} },
  ],
};

test('a plan that rejects gives each bad row a verdict with what was expected and what came', () => {
  const { accepted, rejected, plan } = decide('/api/track', ORDERS, policyOf({ unplanned: 'reject' }));
  assert.deepEqual(
    accepted.map(({ properties }) => properties),
    ['{"total":5}'],
  );
  assert.deepEqual(rejected, [
    {
      index: 1,
      code: 'plan_violation',
      message:
        'Cannot accept event "Order": property "total" has to be a number, current value is the string "5"',
    },
    {
      index: 2,
      code: 'plan_violation',
      message: 'Cannot accept event "Order": the tracking plan requires property "total", a number',
    },
    {
      index: 3,
      code: 'unplanned_event',
      message: 'Cannot accept event "Ordr": the tracking plan has no such event',
    },
  ]);
  assert.deepEqual(
    plan?.refused.map(({ violation, record }) => [violation, record.name, record.properties]),
    [
      ['wrong_type', 'Order', '{"total":"5"}'],
      ['missing_property', 'Order', '{}'],
      ['unplanned_event', 'Ordr', '{}'],
    ],
  );
});

test('a plan that warns changes nothing of what is logged, and says what it found', () => {
  const warned = decide('/api/track', ORDERS, policyOf({ mode: 'warn', unplanned: 'warn' }));
  const { plan, ...outcome } = warned;
  assert.deepEqual(outcome, decide('/api/track', ORDERS, undefined));
  assert.deepEqual(
    [plan?.warned, plan?.refused],
    [['wrong_type', 'missing_property', 'unplanned_event'], []],
  );
  assert.deepEqual(decide('/api/track', ORDERS, policyOf({ mode: 'warn' })).plan?.warned, [
    'wrong_type',
    'missing_property',
  ]);
});

test('a plan holds clients, users and accounts to it, and refuses nothing that is captured', () => {
  const refuse = policyOf({ unplanned: 'reject' });
  const body = {
    user_id: 5,
    sent_at: RECEIVED_AT,
    events: [
      { type: 'click', timestamp: RECEIVED_AT - 5 },
      { type: 'pageview' },
      { type: 'identify', identity: 'ann' },
      { type: 'custom', name: 'Theme', properties: { dark: true, nested: { depth: 2 } } },
      {
        type: 'custom',
        name: 'Theme',
        properties: { nested: { depth: 'two' } },
        timestamp: RECEIVED_AT - 500,
      },
      { type: 'custom', name: 'Order', properties: { total: 1 } },
      { type: 'user_properties', properties: { seats: 'many' } },
      { type: 'account_properties', account_id: 'acme', properties: { tier: 'tin' } },
      { type: 'custom', name: 'Theme', properties: { dark: 1 }, timestamp: 'never' },
    ],
  };
  const { rejected, plan } = decide('/v1/capture', body, refuse);
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [...[4, 5, 6, 7].map((index) => [index, 'plan_violation']), [8, 'invalid_timestamp']],
  );
  assert.deepEqual(
    plan?.refused.map(({ violation }) => violation),
    ['wrong_type', 'wrong_sender', 'wrong_type', 'wrong_value'],
  );
  assert.equal(plan?.refused[0]?.record.time, RECEIVED_AT - 500);
  const user = decide('/api/add_user_properties', { identity: 'ann', properties: { seats: '3' } }, refuse);
  assert.deepEqual([user.rejected[0]?.code, user.accepted], ['plan_violation', []]);
});
