import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';

import { compilePlan, type ViolationCode } from '#plans/core/compile-plan.ts';
import { coverage } from '#plans/core/coverage.ts';
import type { Plan } from '#plans/core/plan.ts';
import { arbitraryProperty, arbitraryValue } from '#plans/core/testing.ts';
import { readPlan } from '#plans/read-plan.ts';
import { collectedCodec } from '#schemas/codec.ts';
import type { Collected } from '#schemas/types.ts';
import { openLoader, T0 } from '../test/support/loader-in-memory.ts';
import { startViewDatabase, type ViewDatabase } from '../test/support/view-database.ts';
import { inlineParams } from './inline-params.ts';
import { observePlan } from './observe-plan.ts';
import type { Ask } from './query.ts';

const DAY_MS = 86_400_000;
const CASE_EVENTS = 8;

let database: ViewDatabase;
let loader: ReturnType<typeof openLoader>;
let ask: Ask;

before(async () => {
  database = await startViewDatabase();
  loader = openLoader(database.clickHouse);
  await loader.start();
  ask = (query) =>
    database.clickHouse.query(inlineParams(query), { output_format_json_quote_64bit_integers: 0 });
});
after(() => database?.stop());

function planOf(text: string): Plan {
  const read = readPlan(`plan: 1\n${text}`, 'plan.yaml');
  assert.ok('plan' in read, JSON.stringify(read));
  return read.plan;
}

let events = 0;

function sent(name: string, properties: object, others: Partial<Collected> = {}): Partial<Collected> {
  events += 1;
  const ids = { device_id: 1 + (events % 3), event_id: events, user_id: 1 + (events % 3) };
  return {
    name,
    ...ids,
    source: 'web',
    properties: JSON.stringify(properties),
    time: T0 + events,
    ...others,
  };
}

const PLAN = planOf(`
events:
  Order:
    from: server
    properties:
      total: { type: number, required: yes, at least: 0 }
      method: { one of: [card, invoice] }
      couponCode: string
  Signed Up: {}
  Add to Cart: { autocaptured: yes }
  pageview: { autocaptured: yes, properties: { section: string } }
event properties:
  paid: boolean
user properties:
  plan: { one of: [free, pro] }
  since: time
account properties:
  seats: number
session properties:
  country: string
  Utm Source: string
`);

test('coverage() sets what a plan expects beside what arrives, and names what is near', async () => {
  await loader.load([
    sent('Order', { total: 5, method: 'card' }, { source: 'server' }),
    sent('Order', { total: '5', method: 'cash', coupon_code: 'X' }, { source: 'server' }),
    sent('Order', { method: 'card', paid: true }),
    sent('Sign Up', {}),
    sent('Sign Up', {}, { time: T0 - 2 * DAY_MS }),
    sent('pageview', { section: 'home' }, { type: 'view page' }),
    sent('click', {}, { type: 'click' }),
  ]);
  const profiles: Partial<Collected>[] = [
    { kind: 'user_properties', device_id: 1, properties: '{"plan":"pro","Plan":"x"}' },
    { kind: 'user_properties', device_id: 1, properties: '{"plan":"gold","since":"then"}' },
    { kind: 'user_properties', device_id: 2, properties: '{"plan":"free"}' },
    { kind: 'account_properties', device_id: 9, account_id: 'acme', properties: '{"seats":5}' },
  ];
  await loader.loadValues(
    'profile.changes',
    profiles.map((one) => collectedCodec.encode({ environment: 1, time: T0, received_at: T0, ...one })),
  );
  await database.loadSessions(
    { user_id: 1, device_id: 1, session_id: 5, started_at: T0, ended_at: T0, country: 'Norway' },
    { user_id: 2, device_id: 2, session_id: 6, started_at: T0, ended_at: T0 },
  );
  const scope = { environment: 1, fromMs: T0 - DAY_MS, toMs: T0 + DAY_MS };
  const result = coverage(PLAN, await observePlan(ask, PLAN, scope, 'main_production'));
  assert.deepEqual(result.totals, {
    ...{ planned: 4, arriving: 1, malformed: 1, missing: 1, autocaptured: 1, unplanned: 1 },
  });
  const [order, signedUp, cart, pageview] = result.events;
  assert.deepEqual([order?.status, order?.events, order?.wrongSender], ['malformed', 3, 1]);
  const brief = ({ name, status, count, wrongType, wrongValue, examples, near }: Record<string, unknown>) => [
    ...[name, status, count, wrongType, wrongValue, examples, near],
  ];
  assert.deepEqual(order?.properties.map(brief), [
    ['total', 'malformed', 2, 1, 0, ['5'], []],
    ['method', 'malformed', 3, 0, 1, ['cash'], []],
    ['couponCode', 'missing', 0, 0, 0, [], ['coupon_code']],
    ['paid', 'arrives', 1, 0, 0, [], []],
  ]);
  assert.deepEqual(order?.unplanned, [{ name: 'coupon_code', count: 1, near: ['couponCode'] }]);
  assert.deepEqual([signedUp?.status, signedUp?.near, signedUp?.lastAt], ['missing', ['Sign Up'], null]);
  assert.deepEqual(
    result.unplanned.map(({ name, events, near }) => [name, events, near]),
    [['Sign Up', 1, ['Signed Up']]],
  );
  assert.deepEqual([cart?.status, pageview?.status, pageview?.events], ['autocaptured', 'arrives', 1]);
  assert.deepEqual(result.users.properties.map(brief), [
    ['plan', 'malformed', 2, 0, 1, ['gold'], []],
    ['since', 'malformed', 1, 1, 0, ['then'], []],
  ]);
  assert.deepEqual(result.users.unplanned, [{ name: 'Plan', count: 1, near: ['plan'] }]);
  assert.deepEqual(result.accounts.properties.map(brief), [['seats', 'arrives', 1, 0, 0, [], []]]);
  assert.deepEqual(
    result.sessions.properties.map(({ name, count, share }) => [name, count, share]),
    [
      ['country', 1, 0.5],
      ['Utm Source', 0, 0],
    ],
  );
});

test('what ClickHouse says of stored values is what the collector says of new ones', async () => {
  const sample = fc.sample(fc.tuple(arbitraryProperty, arbitraryValue), { numRuns: 400, seed: 7 });
  const cases = sample.map(([property, value], index) => ({
    property: { ...property, name: `${property.name} ${index}` },
    value,
  }));
  const groups = Array.from({ length: CASE_EVENTS }, (_, group) => ({
    name: `Case ${group}`,
    cases: cases.filter((_, index) => index % CASE_EVENTS === group),
  }));
  const planned = groups.map(({ name, cases }) => ({
    ...{ name, description: '', trigger: '', owner: '', category: '', line: 1 },
    ...{ from: 'either' as const, autocaptured: false, properties: cases.map(({ property }) => property) },
  }));
  const plan: Plan = { ...planOf(''), events: planned };
  const time = T0 + 10 * DAY_MS;
  const properties = ({ cases }: (typeof groups)[number]) =>
    Object.fromEntries(cases.map(({ property, value }) => [property.name, value]));
  await loader.load(groups.map((group) => sent(group.name, properties(group), { time })));
  const { faults } = await observePlan(ask, plan, { environment: 1, fromMs: time }, 'main_production');
  const codes = new Set<ViolationCode | undefined>();
  for (const { property, value } of cases) {
    const only = { ...plan, events: [{ ...planned[0]!, name: 'Case', properties: [property] }] };
    const code = compilePlan(only).checkEvent('Case', false, false, { [property.name]: value })?.code;
    const fault = faults.find(({ name }) => name === property.name);
    const stored = fault && (fault.wrongType > 0 ? 'wrong_type' : 'wrong_value');
    codes.add(code);
    assert.equal(stored, code, JSON.stringify({ property, value }));
  }
  assert.deepEqual([...codes].toSorted(), ['wrong_type', 'wrong_value', undefined]);
});
